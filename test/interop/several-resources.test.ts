// RFC 8707 §2: each resource is a parameter of its own, an absolute URI without a fragment; and a token for several is kept
// for exactly those.
// proves: core/src/request/resource.ts, core/src/request/parameters.ts
import * as peer from "@azure/msal-node";
import { beforeEach, describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { brokerAccount, fakeBroker } from "../support/fake-broker.js";

const authority = "https://login.microsoftonline.com/b4a4a4a4-0000-4000-8000-0000000000f1";
const clientId = "b4a4a4a4-0000-4000-8000-0000000000a1";
const scopes = ["https://graph.microsoft.com/.default"];
const redirectUri = "http://localhost:3000";
const two = ["https://b.example/", "https://a.example/mcp?x=1"];

let sent: URLSearchParams[];
beforeEach(() => {
  sent = [];
});
const answer = async (_: string, options?: { body?: string }) => {
  sent.push(new URLSearchParams(options?.body ?? ""));
  const managed = { account_type: "Managed" };
  const body = {
    ...managed,
    token_type: "Bearer",
    access_token: `token-${String(sent.length)}`,
    expires_in: 3600,
  };
  return { status: 200, headers: {}, body } as never;
};
const system = { networkClient: { sendGetRequestAsync: answer, sendPostRequestAsync: answer } };
const confidential = () =>
  new tessera.ConfidentialClientApplication({
    auth: { clientId, clientSecret: "secret", authority },
    system,
  });
const desktop = () => new tessera.PublicClientApplication({ auth: { clientId, authority }, system });

type Call = (resource: string | string[]) => Promise<unknown>;
/** Every request that carries a resource, and what it sends. */
const CALLS: Readonly<Record<string, Call>> = {
  acquireTokenByClientCredential: (resource) =>
    confidential().acquireTokenByClientCredential({ scopes, resource }),
  acquireTokenOnBehalfOf: (resource) =>
    confidential().acquireTokenOnBehalfOf({ scopes, resource, oboAssertion: "an.as.sertion" }),
  acquireTokenByCode: (resource) =>
    confidential().acquireTokenByCode({ scopes, resource, code: "c", redirectUri }),
  acquireTokenByRefreshToken: (resource) =>
    confidential().acquireTokenByRefreshToken({ scopes, resource, refreshToken: "r" }),
  acquireTokenByUsernamePassword: (resource) =>
    desktop().acquireTokenByUsernamePassword({ scopes, resource, username: "u", password: "p" }),
  acquireTokenByDeviceCode: (resource) =>
    desktop().acquireTokenByDeviceCode({ scopes, resource, deviceCodeCallback: () => undefined }),
  getAuthCodeUrl: async (resource) => {
    const url = await confidential().getAuthCodeUrl({ scopes, resource, redirectUri });
    sent.push(new URL(url).searchParams);
  },
  initiateAuthCodeFlow: async (resource) => {
    const app = confidential();
    const flow = await app.initiateAuthCodeFlow({ scopes, resource, redirectUri });
    sent.push(new URL(flow.authUrl).searchParams);
    const session = JSON.parse(JSON.stringify(flow)) as tessera.AuthCodeFlow;
    await app.acquireTokenByAuthCodeFlow(session, { code: "c", state: flow.state }).catch(() => undefined);
  },
};

describe.each(Object.entries(CALLS))("%s", (_, call) => {
  it("sends each resource as a parameter of its own", async () => {
    await call(two).catch(() => undefined);
    const carrying = sent.filter((parameters) => parameters.has("resource"));
    expect(carrying.length).toBeGreaterThan(0);
    for (const parameters of carrying) expect(parameters.getAll("resource").sort()).toEqual([...two].sort());
  });

  it.each([
    "not a uri",
    "/relative",
    "contoso.example",
    "https://a.example/#part",
    "https://a.example/ b",
    "https://",
    ["https://a.example/", "b"],
    ["https://a.example/", 5],
    5,
    {},
  ])("refuses %j, and sends nothing", async (resource) => {
    const refused = { name: "ClientConfigurationError", errorCode: "invalid_option" };
    await expect(call(resource as string)).rejects.toMatchObject(refused);
    expect(sent).toEqual([]);
  });

  it.each(["https://a.example", "api://orders", "urn:example:api", "ftp://x/y?z"])(
    "takes %s, alone as in a list",
    async (resource) => {
      for (const one of [resource, [resource], [resource, resource]]) {
        sent = [];
        await call(one).catch(() => undefined);
        const [carrying] = sent.filter((parameters) => parameters.has("resource"));
        expect(carrying?.getAll("resource")).toEqual([resource]);
      }
    },
  );
});

describe("a token for several resources", () => {
  it("answers requests for the same ones in any order, and no others", async () => {
    const app = confidential();
    const ask = async (resource?: string | string[]) =>
      (await app.acquireTokenByClientCredential({ scopes, ...(resource ? { resource } : {}) }))?.accessToken;
    const [b = "", a = ""] = two;
    const both = await ask([b, a]);
    expect(await ask([a, b])).toBe(both);
    expect(await ask([a, b, a])).toBe(both);
    const others = [await ask(a), await ask([b]), await ask(), await ask([a, b, "https://c.example"])];
    expect(new Set([both, ...others]).size).toBe(5);
    expect(await ask([a])).toBe(await ask(a));
  });

  it("is asked for once by calls at once, in any order", async () => {
    const app = confidential();
    const ask = (resource: string[]) => app.acquireTokenByClientCredential({ scopes, resource });
    await Promise.all([ask(two), ask([...two].reverse())]);
    expect(sent.length).toBe(1);
  });

  it("is not asked of the broker, which takes one", async () => {
    const { plugin } = fakeBroker();
    const broker = { nativeBrokerPlugin: plugin };
    const app = new tessera.PublicClientApplication({ auth: { clientId, authority }, broker });
    const silent = app.acquireTokenSilent({ scopes, account: brokerAccount, resource: two });
    await expect(silent).rejects.toMatchObject({ errorCode: "invalid_option" });
  });
});

it("the peer sends one resource of that name, joined with commas", async () => {
  const app = new peer.ConfidentialClientApplication({
    auth: { clientId, clientSecret: "s", authority },
    system,
  });
  const request = { scopes, code: "c", redirectUri, resource: two as never };
  await app.acquireTokenByCode(request).catch(() => undefined);
  expect(sent[0]?.getAll("resource")).toEqual([two.join(",")]);
});

it("extra parameters that are lists are parameters of one name", async () => {
  const list = ["x", "y"] as never;
  await confidential().acquireTokenByClientCredential({ scopes, extraParameters: { audience: list } });
  expect(sent[0]?.getAll("audience")).toEqual(["x", "y"]);
});
