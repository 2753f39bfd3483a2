// One application object for every agent of a blueprint and every user of an agent: what is sent, what is cached, and for
// whom.
// proves: core/src/flows/agent.ts, core/src/flows/agent-identity.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { AgentTokenRequest, ConfidentialClientApplication } from "@tessera/node";
import {
  agent,
  agentStage,
  appScopes,
  ask,
  blueprintId,
  purpose,
  tenants,
  user,
  userScopes,
  type AgentStage,
} from "../support/agent-stage.js";
import { accountOf } from "../support/entra.js";
import { isFull } from "../support/sample.js";

const [tenant = "", otherTenant = ""] = tenants;
const alice = "alice@contoso.example";

let stage: AgentStage;
let app: ConfidentialClientApplication;
beforeEach(() => {
  stage = agentStage();
  stage.names.set(`${tenant} ${alice}`, user(0));
  stage.names.set(`${otherTenant} ${alice}`, user(0, otherTenant));
  app = stage.app();
});
const asItself = { user: undefined, scopes: appScopes };
const times = (count: number, one: (index: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: count }, (_, index) => one(index)));

describe("the requests that it takes", () => {
  it("are three for a hundred cold calls for a user, and two for an agent as itself", async () => {
    await times(100, () => ask(app));
    expect(stage.legs()).toEqual(["t1", "t2", "user"]);
    await times(100, () => ask(app, { ...asItself, agentId: agent(1) }));
    expect(stage.legs()).toEqual(["t1", "app"]);
  });

  it("is none for a token that is cached, whose scopes, user and agent are written in any way that is the same", async () => {
    const first = await ask(app, { user: { username: alice } });
    stage.legs();
    for (const same of [
      { user: { username: alice } },
      { user: { username: "Alice@Contoso.Example" } },
      { user: { objectId: user(0) } },
      { user: { objectId: user(0).toUpperCase() } },
      { scopes: ["user.read"] },
      { tenantId: tenant },
      { authority: `https://login.windows.net/${tenant}` },
    ]) {
      expect(await ask(app, same)).toMatchObject({ fromCache: true, accessToken: first.accessToken });
    }
    expect(stage.legs()).toEqual([]);
  });

  it.each<[string, Partial<AgentTokenRequest>, readonly string[]]>([
    ["another user of the agent", { user: { objectId: user(1) } }, ["user"]],
    ["another resource", { scopes: ["api://orders/read"] }, ["user"]],
    ["the agent as itself", asItself, ["app"]],
    ["another agent", { agentId: agent(1) }, ["t1", "t2", "user"]],
    ["another agent as itself", { ...asItself, agentId: agent(1) }, ["t1", "app"]],
    ["the agent in another tenant", { tenantId: otherTenant }, ["t1", "t2", "user"]],
    ["a new token", { skipCache: true }, ["user"]],
  ])("after one for a user: %s", async (_, over, legs) => {
    await ask(app);
    stage.legs();
    await times(10, () => ask(app, over));
    expect(stage.legs()).toEqual(legs);
  });

  const AGENTS = isFull ? 1000 : 200;
  it(`serves ${AGENTS} agents from one object`, async () => {
    const calls = (index: number) => ask(app, { agentId: agent(index), user: { objectId: user(index) } });
    await times(AGENTS, calls);
    expect(stage.legs()).toHaveLength(3 * AGENTS);
    const again = (await times(AGENTS, calls)) as { accessToken: string; fromCache: boolean }[];
    expect(again.every(({ fromCache }) => fromCache)).toBe(true);
    expect(new Set(again.map(({ accessToken }) => accessToken)).size).toBe(AGENTS);
    expect(stage.legs()).toEqual([]);
  });

  it("gives each call its own correlation id, and every leg that of the call that began", async () => {
    const ids = ["40000000-0000-4000-8000-000000000001", "40000000-0000-4000-8000-000000000002"];
    const results = await Promise.all(ids.map((correlationId) => ask(app, { correlationId })));
    expect(results.map(({ correlationId }) => correlationId)).toEqual(ids);
    expect(stage.sent).toHaveLength(3);
  });
});

describe("a token of the resource", () => {
  it("is served though the tokens that it came with have expired", async () => {
    stage.lifetimes["user"] = 80_000;
    stage.lifetimes["app"] = 80_000;
    for (const over of [{}, asItself]) await ask(app, over);
    stage.legs();
    stage.clock.advance(10_000);
    for (const over of [{}, asItself]) expect(await ask(app, over)).toMatchObject({ fromCache: true });
    expect(stage.legs()).toEqual([]);
  });

  it("that expires is requested anew, with what has not expired", async () => {
    stage.lifetimes["user"] = 1000;
    stage.lifetimes["app"] = 1000;
    for (const over of [{}, asItself]) await ask(app, over);
    stage.legs();
    stage.clock.advance(1000);
    for (const over of [{}, asItself]) expect(await ask(app, over)).toMatchObject({ fromCache: false });
    expect(stage.legs()).toEqual(["user", "app"]);
    // No refresh token is kept, which would outlive the name of the user and the agent's proof.
    expect(JSON.parse(app.getTokenCache().serialize())).toMatchObject({ RefreshToken: {} });
  });

  it("alone is asked for with claims, and with what else a request is about", async () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const own = '{"access_token":{"xms_own":{"essential":true}}}';
    for (const over of [{}, asItself]) {
      const fresh = agentStage();
      const extra = { extraParameters: { slice: "test" }, extraQueryParameters: { dc: "test" } };
      const request = {
        ...over,
        claims,
        claimsFromClient: own,
        resource: "https://api.contoso.example",
        ...extra,
      };
      await ask(fresh.app({ auth: { clientCapabilities: ["CP1"] } }), request);
      const cp1 = { xms_cc: { values: ["CP1"] } };
      const said = fresh.sent.map(
        ({ form }) => (JSON.parse(form["claims"] ?? "{}") as Record<string, unknown>)["access_token"],
      );
      expect(said.slice(0, -1)).toEqual(said.slice(0, -1).map(() => cp1));
      expect(said.at(-1)).toMatchObject({ acrs: { value: "c1" }, xms_own: { essential: true }, ...cp1 });
      expect(fresh.sent.map(({ form }) => form["resource"] ?? form["slice"] ?? "")).toEqual(
        fresh.sent.map((_, index) => (index === fresh.sent.length - 1 ? "https://api.contoso.example" : "")),
      );
    }
  });

  it("is renewed for claims although it is cached, and the agent's own tokens are not", async () => {
    await ask(app);
    stage.legs();
    expect(await ask(app, { claims: '{"access_token":{"nbf":{"essential":true}}}' })).toMatchObject({
      fromCache: false,
    });
    expect(stage.legs()).toEqual(["user"]);
  });

  it("that an API has refused is forgotten", async () => {
    const { accessToken: refusedToken } = await ask(app);
    stage.legs();
    expect((await ask(app, { refusedToken })).accessToken).not.toBe(refusedToken);
    expect(await ask(app)).toMatchObject({ fromCache: true });
    expect(stage.legs()).toEqual(["user"]);
  });
});

describe("the user of an agent", () => {
  it("is no account of the application, and has no token there", async () => {
    const result = await ask(app);
    const account = accountOf(result);
    expect(account).toMatchObject({ homeAccountId: `${user(0)}.${tenant}`, username: alice });
    expect(await app.getAllAccounts()).toEqual([]);
    expect(await app.getAccounts({ username: alice })).toEqual([]);
    expect(await app.getAccountByHomeId(account.homeAccountId)).toBeNull();
    expect(await app.getAccountByLocalId(account.localAccountId)).toBeNull();
    await expect(app.acquireTokenSilent({ account, scopes: userScopes })).rejects.toMatchObject({
      errorCode: "no_tokens_found",
    });
    const own = await app
      .acquireTokenByClientCredential({ scopes: appScopes })
      .catch((error: unknown) => error);
    expect(own).toMatchObject({ errorCode: "invalid_client" });
  });

  it("is an account of the application once the user has signed in, and then stays one", async () => {
    const before = agentStage();
    const signedIn = before.app();
    await ask(signedIn);
    const account = {
      home_account_id: `${user(0)}.${tenant}`,
      environment: "login.windows.net",
      realm: tenant,
      local_account_id: user(0),
      username: alice,
      authority_type: "MSSTS",
    };
    const key = `${user(0)}.${tenant}-login.windows.net-${tenant}`;
    signedIn.getTokenCache().deserialize(JSON.stringify({ Account: { [key]: account } }));
    expect(await signedIn.getAllAccounts()).toHaveLength(1);
    await ask(signedIn, { skipCache: true });
    expect(await signedIn.getAllAccounts()).toHaveLength(1);
  });

  it("is forgotten with the account of a result", async () => {
    const account = accountOf(await ask(app, { user: { username: alice } }));
    await app.removeAccount(account);
    expect(JSON.parse(app.getTokenCache().serialize())).toMatchObject({ Account: {}, IdToken: {} });
    stage.legs();
    expect(await ask(app, { user: { username: alice } })).toMatchObject({ fromCache: false });
    expect(stage.legs()).toEqual(["user"]);
  });

  it("is asked for again by name once the name is known to be another's", async () => {
    expect(purpose(await ask(app, { user: { username: alice } }))["user"]).toBe(user(0));
    stage.names.set(`${tenant} alice.archer@contoso.example`, user(0));
    stage.names.set(`${tenant} ${alice}`, user(1));
    // A response shows that the user has another name now.
    await ask(app, { scopes: ["api://orders/read"] });
    expect(purpose(await ask(app, { user: { username: alice } }))["user"]).toBe(user(1));
    expect(purpose(await ask(app, { user: { username: "Alice.Archer@contoso.example" } }))["user"]).toBe(
      user(0),
    );
    expect(purpose(await ask(app))["user"]).toBe(user(0));
    expect(stage.legs()).toEqual(["t1", "t2", "user", "user", "user"]);
  });
});

it("a name that a response gives to another user is the other user's at once", async () => {
  await ask(app, { user: { username: alice } });
  stage.names.set(`${tenant} ${alice}`, user(1));
  await ask(app, { user: { objectId: user(1) } });
  stage.legs();
  const result = await ask(app, { user: { username: alice } });
  expect(purpose(result)["user"]).toBe(user(1));
  expect(stage.legs()).toEqual([]);
});

describe("a request that cannot be meant", () => {
  const both = { objectId: user(0), username: alice };
  it.each<[string, object, string]>([
    ["no agent", { agentId: undefined }, "invalid_option"],
    ["an empty agent", { agentId: "" }, "invalid_option"],
    ["a blank agent", { agentId: " " }, "invalid_option"],
    ["an agent that is a number", { agentId: 7 }, "invalid_option"],
    ["the blueprint as its own agent", { agentId: blueprintId.toUpperCase() }, "invalid_option"],
    ["a user twice", { user: both }, "conflicting_user_identifiers"],
    ["nobody", { user: {} }, "missing_user_identifier"],
    ["nobody, by a variable that is not set", { user: { username: undefined } }, "missing_user_identifier"],
    ["an empty name", { user: { username: "" } }, "invalid_option"],
    ["an empty id", { user: { objectId: "" } }, "invalid_option"],
    ["a name that is none", { user: { username: 7 } }, "invalid_option"],
    ["a user as a text", { user: alice }, "invalid_option"],
    ["no scopes", { scopes: [] }, "empty_input_scopes_error"],
    ["no single tenant", { tenantId: "organizations" }, "missing_tenant_id_error"],
    ["no single tenant as itself", { ...asItself, tenantId: "common" }, "missing_tenant_id_error"],
  ])("names %s, and is refused before anything is sent", async (_, over, errorCode) => {
    await expect(ask(app, over)).rejects.toMatchObject({ errorCode });
    expect(stage.sent).toEqual([]);
  });

  it("is refused without any argument", async () => {
    await expect(app.acquireTokenForAgent(undefined as never)).rejects.toMatchObject({
      errorCode: "token_request_empty",
    });
  });
});

it.each([
  ["login.microsoftonline.com", "api://AzureADTokenExchange/.default"],
  ["login.microsoftonline.us", "api://AzureADTokenExchangeUSGov/.default"],
  ["login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina/.default"],
])("the agent's credential at %s is a token for %s", async (host, scope) => {
  const there = stage.app({ auth: { authority: `https://${host}/${tenant}` } });
  await ask(there);
  expect(stage.sent.map((request) => request.host)).toEqual([host, host, host]);
  expect(stage.sent.slice(0, 2).map(({ form }) => form["scope"])).toEqual([scope, scope]);
});

it("is where app-only tokens are issued: a region, but not for users", async () => {
  await ask(app, { azureRegion: "westus2" });
  const regional = "westus2.login.microsoft.com";
  expect(stage.sent.map(({ host }) => host)).toEqual([regional, regional, "login.microsoftonline.com"]);
});
