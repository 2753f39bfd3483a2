// One way of putting something between a program and the network, as people's tests do it, and three programs behind it.
// Usage: node http-mocks.mjs MOCK before|after. Prints, library by library, the access token or the error.
import { createRequire } from "node:module";
import { mock } from "node:test";

const { Response } = globalThis;
const require = createRequire(import.meta.url);
const [mockName, order] = process.argv.slice(2);
const authority = "https://login.microsoftonline.com/c0c0c0c0-0000-4000-8000-000000000000";
const path = `${new URL(authority).pathname}/oauth2/v2.0/token`;
/** A query, the correlation id, may follow. */
const isToken = (asked) => asked.split("?")[0] === path;
const answer = { token_type: "Bearer", expires_in: 3600, access_token: `from ${mockName}` };

const nock = (name) => async () => {
  const { default: it } = await import(name);
  it.disableNetConnect();
  it("https://login.microsoftonline.com")
    .persist()
    .post((asked) => isToken(asked), /client_id=/)
    .reply(200, answer);
};
const mockAgent = (undici) => {
  const agent = new undici.MockAgent();
  agent.disableNetConnect();
  agent
    .get("https://login.microsoftonline.com")
    .intercept({ path: isToken, method: "POST", body: /client_id=/ })
    .reply(200, answer)
    .persist();
  undici.setGlobalDispatcher(agent);
};
const checked = (url, init) => {
  if (!isToken(new URL(url).pathname)) throw new Error(`${url} was asked for`);
  if (init.method !== "POST" || !new URLSearchParams(init.body).has("client_id")) throw new Error("no form");
};

const mocks = {
  msw: async () => {
    const { http, HttpResponse } = await import("msw");
    const { setupServer } = await import("msw/node");
    const server = setupServer(http.post(authority + "/oauth2/v2.0/token", () => HttpResponse.json(answer)));
    server.listen({ onUnhandledRequest: "error" });
  },
  "nock 14": nock("nock-14"),
  "nock 15": nock("nock"),
  "undici's MockAgent": async () => mockAgent(await import("undici")),
  "a MockAgent, and a fetch that counts": async () => {
    mockAgent(await import("undici"));
    const { fetch } = globalThis;
    globalThis.fetch = (...args) => fetch(...args);
  },
  "a stub of fetch": () => {
    globalThis.fetch = async (url, init) => {
      checked(url, init);
      return Response.json(answer);
    };
  },
  "a stub with no more than the peer reads": () => {
    globalThis.fetch = (url, init) => {
      checked(url, init);
      return {
        status: 200,
        headers: new Map([["content-type", "application/json"]]),
        json: async () => answer,
      };
    };
  },
  "node:test's mock.method": () => {
    mock.method(globalThis, "fetch", async (url, init) => {
      checked(url, init);
      return Response.json(answer);
    });
  },
};

if (order === "before") await mocks[mockName]();
const libraries = {
  "@azure/msal-node": require("@azure/msal-node"),
  "@tessera/node, ES module": await import("@tessera/node"),
  "@tessera/node, CommonJS": require("@tessera/node"),
};
if (order === "after") await mocks[mockName]();

const results = {};
for (const [name, { ConfidentialClientApplication }] of Object.entries(libraries)) {
  const app = new ConfidentialClientApplication({
    auth: { clientId: "the-client", clientSecret: "s", authority },
  });
  results[name] = await app
    .acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] })
    .then(
      ({ accessToken }) => accessToken,
      ({ message }) => message,
    );
}
process.stdout.write(JSON.stringify(results));
process.exit();
