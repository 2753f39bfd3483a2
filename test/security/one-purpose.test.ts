// proves: core/src/request/request-keys.ts, core/src/request/redemption-fields.ts,
// core/src/cache/memory/find.ts, core/src/flows/silent.ts, node/src/token-credential.ts
// A token is only for what was asked: another audience, resource, tenant or set of claims never gets it from the cache.
import * as peer from "@azure/msal-node";
import { describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, tokenCredential, type AccountInfo } from "@tessera/node";
import {
  authority,
  clientId,
  host,
  otherDomain,
  otherTenant,
  requestStage,
  type Fields,
  type RequestStage,
} from "../support/request-stage.js";

const scopes = ["api://one/.default"];
const auth = { clientId, authority, clientSecret: "a-secret" };
const redirectUri = "http://localhost";

type App = peer.ConfidentialClientApplication | ConfidentialClientApplication;
const tessera = ({ app }: RequestStage): App => app;
const msal = ({ networkClient }: RequestStage): App =>
  new peer.ConfidentialClientApplication({ auth, system: { networkClient } });

async function signIn(app: App, fields: Fields = {}): Promise<AccountInfo> {
  const request = { scopes, code: "alice", redirectUri, ...fields };
  const { account } = await (app as ConfidentialClientApplication).acquireTokenByCode(request);
  if (!account) throw new Error("nobody has signed in");
  return account;
}

interface Question {
  /** What the first token is for, and what the second one is to be for. */
  readonly fields: readonly [Fields, Fields];
  /** Whether MSAL keeps the two apart: an app's own, and a user's. */
  readonly peer: { readonly app: boolean; readonly user: boolean };
}

const none = {};
const apiA = { audience: "api-a" };
const apiB = { audience: "api-b" };
const claims = (name: string) => ({ claimsFromClient: `{"access_token":{"${name}":null}}` });
const questions: Readonly<Record<string, Question>> = {
  "an audience in extraParameters": {
    fields: [{ extraParameters: apiA }, { extraParameters: apiB }],
    peer: { app: false, user: false },
  },
  "an audience in extraParameters, and none": {
    fields: [{ extraParameters: apiA }, none],
    peer: { app: false, user: false },
  },
  "an audience in extraQueryParameters": {
    fields: [{ extraQueryParameters: apiA }, { extraQueryParameters: apiB }],
    peer: { app: false, user: false },
  },
  "a resource": {
    fields: [{ resource: "https://a.example" }, { resource: "https://b.example" }],
    peer: { app: false, user: true },
  },
  "a resource, and none": {
    fields: [{ resource: "https://a.example" }, none],
    peer: { app: false, user: false },
  },
  "claims of the client": {
    fields: [claims("one"), claims("two")],
    peer: { app: true, user: false },
  },
  "claims of the client, and none": { fields: [claims("one"), none], peer: { app: true, user: false } },
  "attribute tokens": {
    fields: [{ attributeTokens: ["one"] }, { attributeTokens: ["two"] }],
    peer: { app: true, user: true },
  },
};

describe.each([
  ["tessera", tessera],
  ["msal", msal],
] as const)("a token for another purpose is not handed out: %s", (library, make) => {
  const expected = (apart: boolean) => library === "tessera" || apart;

  it.each(Object.entries(questions))(
    "%s: an app's own",
    async (_, { fields: [one, two], peer: { app: apart } }) => {
      const app = make(requestStage());
      const ask = (fields: Fields) => app.acquireTokenByClientCredential({ scopes, ...fields });
      const first = await ask(one);
      const second = await ask(two);
      expect(second?.accessToken !== first?.accessToken).toBe(expected(apart));
      const again = [await ask(one), await ask(two)];
      if (library === "tessera")
        expect(again.map((result) => result?.accessToken)).toEqual([first?.accessToken, second?.accessToken]);
    },
  );

  it.each(Object.entries(questions))(
    "%s: a user's",
    async (_, { fields: [one, two], peer: { user: apart } }) => {
      const app = make(requestStage());
      const account = await signIn(app, one);
      const ask = (fields: Fields) => app.acquireTokenSilent({ scopes, account, ...fields });
      const first = await ask(one);
      const second = await ask(two);
      expect(second?.accessToken !== first?.accessToken).toBe(expected(apart));
      const again = [await ask(one), await ask(two)];
      if (library === "tessera")
        expect(again.map((result) => result?.accessToken)).toEqual([first?.accessToken, second?.accessToken]);
    },
  );

  it("and what was asked for is sent", async () => {
    const stage = requestStage();
    const app = make(stage);
    const asked = { scopes, resource: "https://a.example", ...claims("one") };
    await app.acquireTokenByClientCredential(asked);
    await app.acquireTokenOnBehalfOf({ ...asked, oboAssertion: "an-assertion" });
    await app.acquireTokenByUsernamePassword({ ...asked, username: "alice", password: "secret" });
    const account = await signIn(app, asked);
    await app.acquireTokenSilent({ ...asked, account, forceRefresh: true });
    const sent = stage.tokenRequests().map(({ body }) => new URLSearchParams(body));
    const ours = library === "tessera";
    expect(sent.map((form) => form.has("resource"))).toEqual([ours, ours, ours, true, true]);
    expect(sent.map((form) => form.get("claims")?.includes("one") ?? false)).toEqual([
      true,
      true,
      ours,
      ours,
      ours,
    ]);
  });

  it("a tenant that a silent request names by its domain", async () => {
    const stage = requestStage();
    const app = make(stage);
    const account = await signIn(app);
    const ask = (name: string) => app.acquireTokenSilent({ scopes, account, authority: `${host}/${name}` });
    const { tenantId } = await ask(otherDomain);
    expect(tenantId === otherTenant).toBe(library === "tessera");
    if (library === "msal") return;
    expect(await ask(otherDomain)).toMatchObject({ fromCache: true, tenantId: otherTenant });
    expect(await ask(otherTenant)).toMatchObject({ fromCache: true, tenantId: otherTenant });
    // Another process does not know which tenant the domain stands for, and guesses nothing.
    const later = new ConfidentialClientApplication({ auth, system: { networkClient: stage.networkClient } });
    later.getTokenCache().deserialize(app.getTokenCache().serialize());
    const asked = { scopes, account, authority: `${host}/${otherDomain}` };
    expect(await later.acquireTokenSilent(asked)).toMatchObject({ tenantId: otherTenant });
  });
});

describe("a tenant", () => {
  it("that an Azure SDK names for a user's credential is the one the token is of", async () => {
    const { app, sent, tokenRequests } = requestStage();
    const account = await signIn(app);
    const home = await app.acquireTokenSilent({ scopes, account });
    sent.length = 0;
    const credential = tokenCredential(app, account);
    const there = await credential.getToken(scopes, { tenantId: otherTenant });
    expect(there.token).not.toBe(home.accessToken);
    expect(tokenRequests().map(({ url }) => new URL(url).pathname.split("/")[1])).toEqual([otherTenant]);
    expect(await credential.getToken(scopes)).toMatchObject({ token: home.accessToken });
    expect(await credential.getToken(scopes, { tenantId: otherTenant })).toMatchObject({
      token: there.token,
    });
  });

  it("that a request names wins against the one in the application's azureCloudOptions", async () => {
    const { networkClient, tokenRequests } = requestStage();
    const azureCloudOptions = {
      azureCloudInstance: "https://login.microsoftonline.com" as const,
      tenant: "mine",
    };
    const app = new ConfidentialClientApplication({
      auth: { ...auth, azureCloudOptions },
      system: { networkClient },
    });
    await tokenCredential(app).getToken(scopes, { tenantId: otherTenant });
    const account = { homeAccountId: "a.b", environment: "login.windows.net", tenantId: "b" } as AccountInfo;
    await tokenCredential(app, account)
      .getToken(scopes, { tenantId: otherTenant })
      .catch(() => undefined);
    expect(tokenRequests().map(({ url }) => new URL(url).pathname.split("/")[1])).toEqual([otherTenant]);
  });
});

describe("a sign-in in two steps", () => {
  const extra = { extraQueryParameters: apiA, extraParameters: { tier: "gold" } };

  it("brings a token for what it began with", async () => {
    const { app, tokenRequests } = requestStage();
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, ...extra });
    const kept = JSON.parse(JSON.stringify(flow)) as typeof flow;
    const answer = { code: `alice~${flow.nonce}`, state: flow.state };
    const { account, accessToken } = await app.acquireTokenByAuthCodeFlow(kept, answer);
    const [sent] = tokenRequests();
    expect(new URLSearchParams(sent?.body).get("tier")).toBe("gold");
    expect(sent?.url).not.toContain("audience");
    const ask = (fields: Fields) =>
      app.acquireTokenSilent({ scopes, account: account as AccountInfo, ...fields });
    expect(await ask(extra)).toMatchObject({ fromCache: true, accessToken });
    expect(await ask({})).toMatchObject({ fromCache: false });
  });

  it("with a hint of how to ask the user brings a token for the plain question", async () => {
    const { app } = requestStage();
    const account = await signIn(app, {
      extraQueryParameters: { domain_hint: "contoso.example", prompt: "login" },
    });
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
  });
});

it("a request that the caller changes while it waits is sent and kept as it was", async () => {
  const loading = { beforeCacheAccess: async () => undefined, afterCacheAccess: async () => undefined };
  const { app, tokenRequests } = requestStage({ cache: { cachePlugin: loading } });
  const request = { scopes, extraParameters: { ...apiA } };
  const asked = app.acquireTokenByClientCredential(request);
  request.extraParameters.audience = "api-b";
  const first = await asked;
  expect(tokenRequests().map(({ body }) => new URLSearchParams(body).get("audience"))).toEqual(["api-a"]);
  const kept = await app.acquireTokenByClientCredential({ scopes, extraParameters: apiA });
  expect(kept).toMatchObject({ fromCache: true, accessToken: first?.accessToken });
});

describe("the cache", () => {
  const tokensOf = (app: App) =>
    Object.entries(
      (
        JSON.parse(app.getTokenCache().serialize()) as {
          AccessToken: Record<string, Record<string, unknown>>;
        }
      ).AccessToken,
    );

  it("of plain requests is what it was before: no parts, in no key", async () => {
    const { app } = requestStage();
    await signIn(app);
    await app.acquireTokenByClientCredential({ scopes });
    for (const [key, token] of tokensOf(app)) {
      expect(key).toMatch(/(\.default|profile openid|offline_access)-$/);
      expect(token).not.toHaveProperty("additionalCacheKeyComponents");
      expect(token).not.toHaveProperty("resource");
    }
  });

  it("holds no extra parameter in clear", async () => {
    const { app } = requestStage();
    await app.acquireTokenByClientCredential({ scopes, extraParameters: { licence: "top-secret" } });
    expect(app.getTokenCache().serialize()).not.toContain("top-secret");
  });

  it("of MSAL answers for the resource that its token is for, and ours answers MSAL", async () => {
    const resource = "https://mcp.contoso.example/";
    for (const [write, read] of [[msal, tessera] as const, [tessera, msal] as const]) {
      const stage = requestStage();
      const [writer, reader] = [write(stage), read(stage)];
      const account = await signIn(writer, { resource });
      reader.getTokenCache().deserialize(writer.getTokenCache().serialize());
      const request = { scopes, account, resource };
      expect(await reader.acquireTokenSilent(request)).toMatchObject({ fromCache: true });
    }
  });

  it("with tokens for two resources does not trip MSAL", async () => {
    const stage = requestStage();
    const account = await signIn(stage.app, { resource: "https://a.example" });
    for (const resource of ["https://b.example", "https://a.example"]) {
      await stage.app.acquireTokenSilent({ scopes, account, resource });
      await stage.app.acquireTokenByClientCredential({ scopes, resource });
    }
    const app = msal(stage);
    app.getTokenCache().deserialize(stage.app.getTokenCache().serialize());
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: false });
    expect(await app.acquireTokenByClientCredential({ scopes })).toMatchObject({ fromCache: false });
  });
});
