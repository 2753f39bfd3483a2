// Both builds find the SDK that the application has registered, and an application without the package notices nothing.
// proves: node/src/telemetry/telemetry.ts
import { spawnSync } from "node:child_process";
import { beforeAll, expect, test } from "@jest/globals";
import { assertBuilt, root } from "./workspace.js";

beforeAll(assertBuilt);

const program = (load: string, before = "") => `
  ${before}
  const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = await import("@opentelemetry/sdk-trace-base");
  const spans = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  register(provider);
  ${load}
  const lines = [];
  const networkClient = {
    sendGetRequestAsync: async () => ({ status: 404, headers: {}, body: {} }),
    sendPostRequestAsync: async () => ({
      status: 200,
      headers: {},
      body: { access_token: "the-token", token_type: "Bearer", expires_in: 3600 },
    }),
  };
  const app = new ConfidentialClientApplication({
    auth: { clientId: "c", authority: "https://login.microsoftonline.com/20000000-0000-4000-8000-00000000c0de", clientSecret: "s" },
    system: { networkClient, loggerOptions: { loggerCallback: (level, line) => level <= 1 && lines.push(line) } },
  });
  for (const _ of [1, 2]) await app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
  console.log(JSON.stringify({
    spans: spans.getFinishedSpans().map(({ name }) => name),
    state: app.diagnostics().openTelemetry,
    lines: lines.length,
  }));
`;
const registering = `
  import { trace } from "@opentelemetry/api";
  const register = (provider) => trace.setGlobalTracerProvider(provider);
`;
/** Registers as a bundle does that has a copy of the package in it. */
const withoutPackage = `
  import Module, { register as registerHooks } from "node:module";
  const missing = 'throw Object.assign(new Error("not installed"), { code: "MODULE_NOT_FOUND" })';
  const hook = 'export const resolve = (name, context, next) => { if (name === "@opentelemetry/api") ' + missing + '; return next(name, context); };';
  const register = (provider) => {
    globalThis[Symbol.for("opentelemetry.js.api.1")] = { version: "1.9.0", trace: provider };
    registerHooks("data:text/javascript," + encodeURIComponent(hook));
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) {
      if (name === "@opentelemetry/api") throw Object.assign(new Error("not installed"), { code: "MODULE_NOT_FOUND" });
      return resolve.call(this, name, ...rest);
    };
  };
`;
const unregistered = "const register = () => undefined;";
const esm = `const { ConfidentialClientApplication } = await import("@tessera/node");`;
const cjs = `
  const { createRequire } = await import("node:module");
  const { ConfidentialClientApplication } = createRequire(process.cwd() + "/package.json")("@tessera/node");
`;

function run(text: string): unknown {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", text], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr || stdout);
  return JSON.parse(stdout);
}

const calls = ["tessera.discovery", "POST", "tessera.token_request"];
const operation = "tessera.acquireTokenByClientCredential";

test.each([
  ["the ES module", esm],
  ["the CommonJS module", cjs],
])("%s traces with the SDK that is registered", (_, load) => {
  expect(run(program(load, registering))).toEqual({
    spans: [...calls, operation, operation],
    state: "active",
    lines: 0,
  });
});

test.each([
  ["the ES module", esm],
  ["the CommonJS module", cjs],
])("%s works where there is no SDK", (_, load) => {
  expect(run(program(load, unregistered))).toEqual({ spans: [], state: "not registered", lines: 0 });
});

test.each([
  ["the ES module", esm],
  ["the CommonJS module", cjs],
])("%s works where an SDK is registered and the package is not there, and warns once", (_, load) => {
  expect(run(program(load, withoutPackage))).toEqual({
    spans: [],
    state: "@opentelemetry/api cannot be loaded",
    lines: 1,
  });
});
