// docs/providers: every configuration compiles, makes an application without a warning, and calls what there is. The
// programs of other guides, which need servers, compile.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import * as tessera from "@tessera/node";
import ts from "typescript";
import { root } from "../packages/workspace.js";

const folder = join(root, "docs/providers");
const pages = readdirSync(folder).filter((file) => file !== "README.md");
const textOf = (file: string): string => readFileSync(join(folder, file), "utf8");
const blocks = pages.flatMap((page) =>
  [...textOf(page).matchAll(/```js\n(.*?)```/gs)].map(([, code = ""], index) => ({ page, index, code })),
);

const variables = { clientId: "the-client", clientSecret: "the-secret-of-the-client-0123456789" };
const declared = Object.keys(variables)
  .map((name) => `declare const ${name}: string;`)
  .join(" ");

/** What the other guides take for granted. */
const GRANTED = `import * as tessera from "@tessera/node";
import type { RedisClient } from "@tessera/redis";
declare const app: tessera.ConfidentialClientApplication;
declare const auth: tessera.Configuration["auth"];
declare const account: tessera.AccountInfo;
declare const clientId: string, token: string, redirectUri: string, postLogoutRedirectUri: string;
declare const tenantId: string, refreshToken: string, callbackUrl: URL;
declare const clientSecret: string, trusted: ReadonlySet<string>;
declare const cachePlugin: tessera.ICachePlugin, store: tessera.TokenStore;
declare const client: RedisClient;
declare const request: tessera.ClientCredentialRequest;
declare const scopes: string[];
declare const query: Record<string, string>;
declare const site: any, express: any, sessions: any, response: any, report: any, process: any;
declare const later: any, signInAgain: any;
`;
const guided = [
  "redis",
  "reliability",
  "endpoints",
  "high-security",
  "mcp",
  "../packages/mcp/README",
  "protected-resources",
  "troubleshooting",
  ...["adal", "azure-identity", "express-openid-connect", "openid-client", "passport-azure-ad"].map(
    (page) => `migration/${page}`,
  ),
].flatMap((page) =>
  [...readFileSync(join(root, `docs/${page}.md`), "utf8").matchAll(/```js\n(.*?)```/gs)].map(
    ([, code = ""], index) => ({ page: `${page}.md`, index, code }),
  ),
);

/** What a newcomer pastes first compiles as it stands, also with an account that may be null. */
const first = ["../README", "getting-started"].flatMap((page) =>
  [...readFileSync(join(root, `docs/${page}.md`), "utf8").matchAll(/```js\n(import .*?)```/gs)].map(
    ([, code = ""], index) => ({ page: `${page}.md`, index, code }),
  ),
);

/** A block as a module in TypeScript: what it does not import is from the package, and it may `return`. */
function moduleOf(code: string): string {
  const imports = [...code.matchAll(/^import .*$/gm)].map(([line]) => line);
  const names: readonly string[] = imports.join().match(/\w+/g) ?? [];
  const missing = (from: string, used: readonly string[]): string =>
    `import { ${used.filter((name) => !names.includes(name)).join(", ")} } from "${from}";`;
  const body = code
    .replace(/^import .*$/gm, "")
    .replaceAll("catch (error)", "catch (error: any)")
    .replaceAll("(request, response)", "(request: any, response: any)");
  return [
    GRANTED,
    ...imports,
    missing("@tessera/node", [
      "ConfidentialClientApplication",
      "createAuthenticatedFetch",
      "createResourceFetch",
    ]),
    missing("@tessera/redis", ["createRedisStore"]),
    `export async function block(): Promise<unknown> {${body}\nreturn; }`,
  ].join("\n");
}

const pathOf = (index: number): string => join(root, `test/examples/guide-block-${index}.ts`);

/** The pages are JavaScript; in TypeScript, the account of a result may be null, which getting-started.md says. */
const withAccount = (code: string): string =>
  code.replaceAll(
    /const \{ account \} = (await [^;]*);/g,
    'const account = ($1).account as import("@tessera/node").AccountInfo;',
  );

/** What the compiler objects to in each block. */
function errorsOfBlocks(): readonly (readonly string[])[] {
  const texts = [
    ...blocks.map(({ code }) => `${declared}\n${withAccount(code)}\nexport {};`),
    ...guided.map(({ code }) => moduleOf(withAccount(code))),
    ...first.map(
      ({ code }) =>
        `${code.replaceAll(/\((session|session, url)\)/g, "(session: any, url?: any)")}\nexport {};`,
    ),
  ];
  const modules = new Map(texts.map((text, index) => [pathOf(index), text] as const));
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const compilerOptions = { ...options, paths: {}, allowJs: false, types: ["node"], noUnusedLocals: false };
  const host = ts.createCompilerHost(compilerOptions);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => modules.has(path) || fileExists(path);
  host.getSourceFile = (path, version) => {
    const text = modules.get(path);
    return text === undefined ? getSourceFile(path, version) : ts.createSourceFile(path, text, version);
  };
  const program = ts.createProgram([...modules.keys()], compilerOptions, host);
  return texts.map((_, index) => {
    const file = program.getSourceFile(pathOf(index));
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  });
}

let errors: readonly (readonly string[])[];
beforeAll(() => {
  errors = errorsOfBlocks();
});
afterEach(() => {
  jest.restoreAllMocks();
});

it("there is a page for each provider, and the index and the table of authorities lead to it", () => {
  expect(pages.map((page) => page.replace(".md", "")).sort()).toEqual(
    [
      ...["adfs", "auth0", "b2c", "cognito", "entra", "external-id"],
      ...["github", "google", "keycloak", "okta", "zitadel"],
    ].sort(),
  );
  expect(pages.filter((page) => !textOf("README.md").includes(`](${page})`))).toEqual([]);
  for (const guide of ["README.md", "docs/authorities.md"])
    expect(readFileSync(join(root, guide), "utf8")).toContain("providers/README.md");
});

describe.each(blocks.map((block, at) => ({ ...block, at })))("$page, block $index", ({ code, at }) => {
  it("compiles", () => {
    expect(errors[at]).toEqual([]);
  });

  it("makes an application without a warning", async () => {
    const warning = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const made: tessera.ClientApplication[] = [];
    /** The real constructor, and methods that do not ask a server. */
    const offline = <
      Made extends typeof tessera.PublicClientApplication | typeof tessera.ConfidentialClientApplication,
    >(
      application: Made,
    ) =>
      new Proxy(application, {
        construct: (target, [configuration]: [tessera.Configuration]) => {
          const app = new target(configuration);
          made.push(app);
          return new Proxy(app, { get: () => async () => ({ accessToken: "a token" }) });
        },
      });
    const modules = {
      ...tessera,
      ConfidentialClientApplication: offline(tessera.ConfidentialClientApplication),
      PublicClientApplication: offline(tessera.PublicClientApplication),
    };
    const program = code.replace(/import (\{[^}]*\}) from "@tessera\/node";/, "const $1 = tessera;");
    const names = ["tessera", ...Object.keys(variables)];
    const run = Reflect.construct(AsyncFunction, [...names, program]) as (
      ...values: unknown[]
    ) => Promise<void>;
    await run(modules, ...Object.values(variables));
    expect(warning).not.toHaveBeenCalled();
    expect(made.length > 0 || !code.includes("Application")).toBe(true);
  });
});

describe.each(guided.map((block, at) => ({ ...block, at })))("$page, block $index", ({ at }) => {
  it("compiles", () => {
    expect(errors[blocks.length + at]).toEqual([]);
  });
});

describe.each(first.map((block, at) => ({ ...block, at })))("$page, program $index", ({ at }) => {
  it("compiles in strict mode", () => {
    expect(errors[blocks.length + guided.length + at]).toEqual([]);
  });
});

const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as FunctionConstructor;
