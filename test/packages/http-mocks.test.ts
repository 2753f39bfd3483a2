// HTTP mocks in people's tests: what intercepts the requests of @azure/msal-node intercepts ours, without configuration.
// proves: node/src/http/intercepted.ts, node/src/http/undici-http-client.ts, node/src/http/load-undici.ts, node/src/http/undici.ts
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { withoutProxyVariables } from "../support/proxy-variables.js";
import { assertBuilt, root } from "./workspace.js";

// nock 15 does not run on Node.js 20.
const hasResolvers = "withResolvers" in Promise;
const mocks = [
  "msw",
  "nock 14",
  ...(hasResolvers ? ["nock 15"] : []),
  "undici's MockAgent",
  "a MockAgent, and a fetch that counts",
  "a stub of fetch",
  "a stub with no more than the peer reads",
  "node:test's mock.method",
];

beforeAll(assertBuilt);

describe.each(mocks)("%s", (mock) => {
  it.each(["before", "after"])("intercepts when it is set up %s the library is loaded", async (order) => {
    const restore = withoutProxyVariables();
    const script = join(root, "test/packages/http-mocks.mjs");
    // A proxy of the environment is not asked either.
    const env = { ...process.env, HTTPS_PROXY: "http://127.0.0.1:1" };
    const { stdout } = await promisify(execFile)(process.execPath, [script, mock, order], { env });
    restore();
    const token = `from ${mock}`;
    expect(JSON.parse(stdout)).toEqual({
      "@azure/msal-node": token,
      "@tessera/node, ES module": token,
      "@tessera/node, CommonJS": token,
    });
  });
});
