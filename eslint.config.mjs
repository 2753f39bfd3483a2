import { basename } from "node:path";
import eslint from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const kebabCaseFileNames = {
  create(context) {
    return {
      Program(node) {
        const name = basename(context.filename);
        if (/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)+$/.test(name)) return;
        context.report({ node, message: `The file name ${name} is not kebab-case` });
      },
    };
  },
};

const vagueName = "/(Manager|Helper|Util|Utils)$/";
const plainNames = [
  "error",
  ...["ClassDeclaration", "FunctionDeclaration", "TSInterfaceDeclaration", "TSTypeAliasDeclaration"].map(
    (kind) => ({
      selector: `${kind}[id.name=${vagueName}]`,
      message: "Say what it does: no Manager, Helper or Util in a name",
    }),
  ),
];

/** The ES module and the CommonJS module have classes of their own, and one process may have loaded both. */
const noOwnClasses = {
  selector:
    "BinaryExpression[operator='instanceof'][right.name=/^((Client|Server|Auth|InteractionRequired).*|Persistence)Error$|^(TokenCache|TokenCacheContext|DistributedCachePlugin|Logger|KeyedMutex|SingleFlight|.*Application)$/]",
  message:
    "An object of the other build is of another class: look at what it is (isAuthError, a registered symbol)",
};

/** Node.js 20 and 22 get it wrong for Latin-1 letters once V8 has optimized the call; one function per package tries instead. */
const noCanParse = {
  selector: "MemberExpression[object.name='URL'][property.name='canParse']",
  message: "Use parsedUrl (core) or absoluteUrl (local-authority): URL.canParse fails for Latin-1 letters",
};

/** What a package may not import: who may know whom is drawn in docs/architecture.md. */
const mayNotImport = (folder, patterns) => ({
  files: [`packages/${folder}/src/**`],
  rules: { "no-restricted-imports": ["error", { patterns }] },
});

export default defineConfig(
  { ignores: ["**/dist/", "docs/api/", "coverage/"] },
  eslint.configs.recommended,
  {
    plugins: { tessera: { rules: { "kebab-case-file-names": kebabCaseFileNames } } },
    rules: { "tessera/kebab-case-file-names": "error", eqeqeq: ["error", "always", { null: "ignore" }] },
  },
  {
    files: ["**/*.{mjs,cjs,js,jsx}"],
    languageOptions: {
      parserOptions: { ecmaFeatures: { jsx: true } },
      globals: Object.fromEntries(
        [
          ..."AbortController AbortSignal Buffer console fetch globalThis performance process".split(" "),
          ..."setImmediate setTimeout clearTimeout structuredClone Request Response TextDecoder TextEncoder URL URLSearchParams".split(
            " ",
          ),
        ].map((name) => [name, "readonly"]),
      ),
    },
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "no-restricted-syntax": plainNames,
      // A name of its own for a type that is put together elsewhere.
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
      "@typescript-eslint/consistent-type-imports": [
        "error",
        // `typeof import("…")` names what is loaded on first use.
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      // Callers in plain JavaScript pass what the types forbid; checks for it are wanted.
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // `async` without `await` turns a throw into a rejection.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    files: ["packages/*/src/**"],
    rules: { "no-console": "error", "no-restricted-syntax": [...plainNames, noOwnClasses, noCanParse] },
  },
  {
    files: ["packages/*/src/cli.ts"],
    rules: { "no-console": "off" },
  },
  mayNotImport("core", [
    {
      regex: "^node:(?!crypto$)",
      message: "core has no I/O: take an HttpClient, a Clock or a TokenStore instead",
    },
    { regex: "^(undici|@tessera/)", message: "core imports no other package of Tessera and no HTTP client" },
  ]),
  // The rule looks at static imports: persistence may be loaded on first use.
  mayNotImport("node", [{ regex: "^@tessera/(?!core(/internal)?$)", message: "node imports only core" }]),
  mayNotImport("redis", [
    {
      regex: "^(redis|ioredis|@tessera/(?!core(/internal)?$))",
      message: "redis imports only core: the app passes its client",
    },
  ]),
  mayNotImport("cli", [
    {
      regex: "^@tessera/(?!(node|persistence|local-authority)$)",
      message: "the command line uses the public API, as an app does",
    },
  ]),
  mayNotImport("local-authority", [
    { regex: "^@tessera/", message: "both ends of the wire are written from the specifications" },
  ]),
  {
    files: ["packages/core/src/**"],
    rules: {
      "no-restricted-globals": [
        "error",
        { name: "process", message: "core reads no environment" },
        { name: "fetch", message: "core sends only through its HttpClient" },
      ],
    },
  },
  {
    // Tests look into answers of unknown shape and at bad input that the types forbid.
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/unbound-method": "off",
      // What is deprecated, mistaken or untyped on purpose has to be tried, too.
      "@typescript-eslint/no-deprecated": "off",
      "@typescript-eslint/no-dynamic-delete": "off",
      "@typescript-eslint/no-meaningless-void-operator": "off",
      "@typescript-eslint/no-misused-spread": "off",
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
      "@typescript-eslint/use-unknown-in-catch-callback-variable": "off",
    },
  },
);
