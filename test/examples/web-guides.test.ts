// The programs of docs/web-apps.md and docs/web-apis.md: all compile, with the types of the frameworks that they are for, and
// those at the top of each page run.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import * as tessera from "@tessera/node";
import * as web from "@tessera/web";
import ts from "typescript";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { site, visitorOf } from "../support/web-visitor.js";
import { root } from "../packages/workspace.js";

interface Block {
  readonly title: string;
  readonly code: string;
}

const blocksOf = (page: string): readonly Block[] =>
  [...readFileSync(join(root, `docs/${page}.md`), "utf8").matchAll(/^```js\n(.*?)^```/gms)].flatMap(
    ([, code = ""], index) => {
      // What is for several frameworks, or in several files, is compiled one by one.
      const parts = page === "web-apis" && code.startsWith("// Hono") ? code.split(/\n\n(?=\/\/)/) : [code];
      return parts
        .flatMap((part) =>
          part.split("export const").length > 2 ? part.split(/(?<=;\n)(?=export)/) : [part],
        )
        .map((part, at) => ({ title: `${page}.md, program ${index + 1}${".".repeat(at)}`, code: part }));
    },
  );
const blocks = [...blocksOf("web-apps"), ...blocksOf("web-apis")];

/** What a framework's program takes for granted, by what it says. */
const frameworks: readonly (readonly [says: RegExp, granted: string])[] = [
  [/^\/\/ Hono/, `declare const site: import("hono").Hono;`],
  [/^\/\/ Express|express\(\)/, `declare const site: import("express").Express;`],
  [/^\/\/ Fastify/, `declare const site: import("fastify").FastifyInstance;`],
  [
    // The packages of Next.js are those of its example.
    /^\/\/ (site\.mjs|app\/|proxy\.js)/,
    `declare const site: () => { readonly web: webs.WebSignIn; readonly baseUrl: string };
     declare const create: (environment: object) => ReturnType<typeof site>, headers: () => Promise<Headers>;
     declare const NextResponse: { next(): Response };`,
  ],
  [/(?:)/, `declare const site: any;`],
];

/** What all of them take for granted. */
const GRANTED = `
declare const app: tessera.ConfidentialClientApplication;
declare const web: webs.WebSignIn, api: webs.ApiGuard;
declare const clientId: string, clientSecret: string, redirectUri: string, baseUrl: string, origin: string;
declare const authority: string, issuer: string, audience: string, token: string, scopes: string[], secrets: string[];
declare const request: any, response: any, process: any, socket: import("node:tls").TLSSocket;
declare const client: import("redis").RedisClientType;
declare const callApi: (accessToken: string) => Promise<Response>;
declare const orders: (request: Request) => Promise<Response>;
declare const handle: (handler: (request: any, response: any) => Promise<void>) => any;
`;

/** A program as a module in TypeScript: it may return, and what it does not import is imported. */
function moduleOf(code: string): string {
  const imports = [...code.matchAll(/^import .*$/gm)].map(([line]) => line);
  const named: readonly string[] = imports.join().match(/\w+/g) ?? [];
  const missing = (from: string, names: readonly string[]): string =>
    `import { ${names.filter((name) => !named.includes(name)).join(", ")} } from "${from}";`;
  const [, granted = ""] = frameworks.find(([says]) => says.test(code)) ?? [];
  const body = code
    .replace(/^import .*$/gm, "")
    .replace(/^export \{.*$/gm, "")
    .replace(/^export (default )?/gm, "")
    .replaceAll("catch (error)", "catch (error: any)")
    .replace(/\((request, response(?:, options = \{\})?)\) =>/g, (_, names: string) =>
      names.includes("options")
        ? "(request: any, response: any, options: object = {}) =>"
        : "(request: any, response: any) =>",
    )
    .replace(/async \(request\) =>/g, "async (request: any) =>")
    // In TypeScript, the account of a result may be null, which getting-started.md says.
    .replaceAll(
      /const \{ account \} = (await [^;]*);/g,
      "const account = ($1).account as tessera.AccountInfo;",
    );
  return [
    'import * as tessera from "@tessera/node";\nimport * as webs from "@tessera/web";',
    ...imports,
    missing("@tessera/node", ["InteractionRequiredAuthError"]),
    missing("@tessera/web", ["createWebSignIn", "createApiGuard", "requestOf", "sendResponse"]),
    missing("node:http", ["createServer"]),
    missing("fastify", ["fastify"]),
    granted,
    GRANTED,
    `export async function program(): Promise<unknown> {${body}\nreturn; }`,
  ].join("\n");
}

const pathOf = (index: number): string => join(root, `test/examples/web-guide-${index}.ts`);

/** What the compiler objects to in each program. */
function errorsOfBlocks(): readonly (readonly string[])[] {
  const modules = new Map(blocks.map(({ code }, index) => [pathOf(index), moduleOf(code)] as const));
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const compilerOptions = { ...options, paths: {}, allowJs: false, types: ["node"], noImplicitAny: false };
  const host = ts.createCompilerHost(compilerOptions);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => modules.has(path) || fileExists(path);
  host.getSourceFile = (path, version) => {
    const text = modules.get(path);
    return text === undefined ? getSourceFile(path, version) : ts.createSourceFile(path, text, version);
  };
  const program = ts.createProgram([...modules.keys()], compilerOptions, host);
  return blocks.map((_, index) => {
    const file = program.getSourceFile(pathOf(index));
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  });
}

let errors: readonly (readonly string[])[];
beforeAll(() => {
  errors = errorsOfBlocks();
});

test("both pages have programs, and each framework its own", () => {
  const all = blocks.map(({ code }) => code).join("\n");
  for (const name of [
    "// Hono",
    "// Next.js",
    "// node:http",
    "// Express",
    "// Fastify",
    "export const GET",
  ])
    expect(all).toContain(name);
  expect(blocks.length).toBeGreaterThan(20);
});

test.each(blocks.map(({ title }, index) => [title, index] as const))("%s compiles", (_, index) => {
  expect(errors[index]).toEqual([]);
});

describe("the program at the top of the page", () => {
  let provider: FakeProvider;
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(() => provider.close());
  beforeEach(() => provider.reset());

  /** Runs a program with what it takes for granted. */
  function run(page: string, name: string, granted: Readonly<Record<string, unknown>>): unknown {
    const [{ code } = { code: "" }] = blocksOf(page);
    const body = code.replace(/^import .*$/gm, "").replace(/^export default /m, "");
    const all: Readonly<Record<string, unknown>> = { ...tessera, ...web, ...granted };
    const names = Object.keys(all);
    // The name that the program exports would otherwise hide the global one from its own module.
    const made: unknown = Reflect.construct(Function, [...names, `${body}\nreturn ${name};`]);
    return (made as (...values: unknown[]) => unknown)(...names.map((one) => all[one]));
  }

  test("about websites signs a user in, and has a token", async () => {
    const own = { ...process.env, SESSION_SECRET: "the-secret-of-the-sessions-0123456789" };
    const handler = run("web-apps", "fetch", { app: provider.confidential(), process: { env: own } }) as (
      request: Request,
    ) => Promise<Response>;
    const visitor = visitorOf({ handle: handler } as unknown as web.WebSignIn, provider);
    const toSignIn = (await visitor.visit("/orders")).headers.get("location") ?? "";
    expect(toSignIn).toBe(`${site}/auth/sign-in?returnTo=%2Forders`);
    const back = await visitor.answer(await visitor.begin(toSignIn), { claims: { name: "Alice" } });
    expect(back.headers.get("location")).toBe(`${site}/orders`);
    expect(await (await visitor.visit("/orders")).text()).toMatch(
      /^Hello Alice, your token has \d+ characters/,
    );
  });

  test("about APIs refuses a request without a token, and says where to get one", async () => {
    const registration = { clientId: "the-client", clientSecret: "the-secret-of-the-client-0123456789" };
    const handler = run("web-apis", "orders", registration) as (request: Request) => Promise<Response>;
    const response = await handler(new Request("https://orders.example/orders"));
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringContaining('resource_metadata="https://orders.example/.well-known/'),
    ]);
  });
});
