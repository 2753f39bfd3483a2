// B2C: a policy in the path, in the tokens, and around every grant.
// proves: local-authority/src/config/resolve-policies.ts, local-authority/src/dialects/b2c.ts,
// local-authority/src/dialects/b2c-errors.ts, local-authority/src/endpoints/other-configurations.ts
import { PublicClientApplication as Peer } from "@azure/msal-node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { ConfidentialClientApplication, PublicClientApplication } from "@tessera/node";
import { decodeJwt } from "jose";
import { createBrowser } from "../support/browser.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { signIn } from "../support/sign-in.js";
import { get, post } from "./requests.js";

const redirectUri = "http://localhost:3000/redirect";
const policy = "B2C_1_signin";

let authority: LocalAuthority;
let network: PeerNetwork;
let tenant: Tenant;
let web: App;
let desktop: App;
let alice: User;
let url: string;
beforeAll(async () => {
  authority = await startLocalAuthority({
    tenants: [
      {
        domain: "contoso.example",
        apps: [{ clientId: "tasks", identifierUri: "https://contoso.example/tasks", scopes: ["read"] }],
      },
    ],
  });
  network = peerNetwork(authority.caPem);
  [tenant] = authority.config.tenants as [Tenant];
  [web, desktop] = tenant.apps as [App, App];
  [alice] = tenant.users as [User];
  url = authority.authorityUrl(`contoso.example/${policy}`);
});
afterEach(() => {
  authority.clearRequests();
});
afterAll(async () => {
  await network.close();
  await authority.close();
});

const api = "https://contoso.example/tasks/read";
const issuer = () => `${authority.url}/${tenant.id}/v2.0/`;
const user = () => ({ username: alice.username, password: alice.password, ca: authority.caPem });
const auth = () => ({ clientId: desktop.clientId, authority: url, knownAuthorities: [new URL(url).host] });

describe.each([
  ["msal-node", () => new Peer({ auth: auth(), system: { networkClient: network } })],
  ["Tessera", () => new PublicClientApplication({ auth: auth(), system: { ca: authority.caPem } })],
])("%s", (_, create) => {
  it.each([[["openid"]], [[]]])("signs in for nothing but the user (scopes %j)", async (scopes) => {
    const app = create();
    const { username, password } = alice;
    const result = await app.acquireTokenByUsernamePassword({ username, password, scopes });
    const nothing = { accessToken: "", scopes: [], expiresOn: null, tokenType: "" };
    expect(result).toMatchObject({ ...nothing, idTokenClaims: { sub: alice.oid } });
    const [account] = await app.getTokenCache().getAllAccounts();
    if (!account) throw new Error("nobody is known");
    expect(account.idToken).toBe(result?.idToken);
    // There is no access token to be found.
    expect(await app.acquireTokenSilent({ account, scopes })).toMatchObject({ ...nothing, fromCache: false });
    expect(await app.acquireTokenSilent({ account, scopes: [api] })).toMatchObject({ scopes: [api] });
  });

  // parity: Signing in | A user flow signs in and renews; every policy has its own codes and accounts | b2c same
  it("signs in with a policy, and renews", async () => {
    const app = create();
    const target = await app.getAuthCodeUrl({ scopes: [api], redirectUri });
    const code = (await signIn(target, user())).searchParams.get("code") ?? "";
    const result = await app.acquireTokenByCode({ scopes: [api], redirectUri, code });
    expect(decodeJwt(result.idToken)).toMatchObject({
      iss: issuer(),
      tfp: policy.toLowerCase(),
      sub: alice.oid,
      emails: [alice.email],
    });
    expect(decodeJwt(result.accessToken)).toMatchObject({ iss: issuer(), aud: "tasks", scp: "read" });
    expect(result.account).toMatchObject({
      homeAccountId: `${alice.oid}-${policy.toLowerCase()}.${tenant.id}`,
      name: alice.name,
    });
    const account = result.account;
    if (!account) throw new Error("no account");
    expect(await app.acquireTokenSilent({ scopes: [api], account })).toMatchObject({ fromCache: true });
    expect(await app.acquireTokenSilent({ scopes: [api], account, forceRefresh: true })).toMatchObject({
      fromCache: false,
      account: { homeAccountId: account.homeAccountId },
    });
  });

  it("gets a token for the app's own API by the client id as scope", async () => {
    const scopes = [desktop.clientId];
    const result = await create().acquireTokenByUsernamePassword({ scopes, ...user() });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ aud: desktop.clientId });
    expect(result?.scopes).toEqual(scopes);
  });
});

// parity: Apps | Client credentials at a policy | b2c same
it("gives an app its own token", async () => {
  const app = new ConfidentialClientApplication({
    auth: { ...auth(), clientId: web.clientId, clientSecret: web.clientSecret },
    system: { ca: authority.caPem },
  });
  const result = await app.acquireTokenByClientCredential({
    scopes: ["https://contoso.example/tasks/.default"],
  });
  expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ iss: issuer(), aud: "tasks" });
});

it.each(["contoso.example", "id"])(
  "publishes the same issuer for every policy, tenant by %s",
  async (name) => {
    const segment = name === "id" ? tenant.id : name;
    for (const flow of ["b2c_1_signin", "B2C_1A_custom"]) {
      const { json } = await get(authority, `/${segment}/${flow}/v2.0/.well-known/openid-configuration`);
      const base = `${authority.url}/${segment}/${flow.toLowerCase()}`;
      expect(json).toMatchObject({
        issuer: issuer(),
        token_endpoint: `${base}/oauth2/v2.0/token`,
        jwks_uri: `${base}/discovery/v2.0/keys`,
      });
      expect((await get(authority, `/${segment}/${flow}/discovery/v2.0/keys`)).json).toHaveProperty("keys");
    }
  },
);

// parity: Tokens | Without a scope of an API, the response has no access token | b2c same
it("tells a user's identity without an access token when no API was asked for", async () => {
  const { json } = await post(authority, `/contoso.example/${policy}/oauth2/v2.0/token`, {
    grant_type: "password",
    client_id: desktop.clientId,
    scope: "openid offline_access",
    ...user(),
    ca: undefined,
  });
  expect(Object.keys(json).sort()).toEqual([
    "id_token",
    "id_token_expires_in",
    "not_before",
    "refresh_token",
    "refresh_token_expires_in",
    "scope",
    "token_type",
  ]);
});

// parity: Tokens | A refresh token belongs to one policy | b2c same
it("refuses the refresh token of another policy", async () => {
  const form = { client_id: desktop.clientId, scope: `openid offline_access ${api}` };
  const token = (flow: string, more: Readonly<Record<string, string>>) =>
    post(authority, `/contoso.example/${flow}/oauth2/v2.0/token`, { ...form, ...more });
  const { username, password } = alice;
  const { json } = await token(policy, { grant_type: "password", username, password });
  const refresh = { grant_type: "refresh_token", refresh_token: String(json["refresh_token"]) };
  expect((await token("b2c_1_edit", refresh)).json).toMatchObject({ error: "invalid_grant" });
  expect((await token("b2c_1_SIGNIN", refresh)).status).toBe(200);
});

// parity: Signing in | Cancel and “Forgot your password?” return AADB2C90091 and AADB2C90118 | b2c same
it.each([
  ["cancel", "AADB2C90091"],
  ["forgot-password", "AADB2C90118"],
])("lets the user leave the page: %s", async (decision, code) => {
  const app = new PublicClientApplication({ auth: auth(), system: { ca: authority.caPem } });
  const browser = createBrowser({ ca: authority.caPem });
  const isReturn = (to: string) => to.startsWith(redirectUri);
  const page = await browser.open(await app.getAuthCodeUrl({ scopes: [api], redirectUri }), isReturn);
  const [form] = page.forms;
  if (!form) throw new Error("no form");
  const back = new URL((await browser.submit(form, { decision }, isReturn)).url).searchParams;
  expect(back.get("error")).toBe("access_denied");
  expect(back.get("error_description")).toMatch(new RegExp(`^${code}`));
});

// parity: Errors | AADB2C codes | b2c same
it("has errors of its own", async () => {
  const { json } = await post(authority, `/contoso.example/${policy}/oauth2/v2.0/token`, {
    grant_type: "client_credentials",
    client_id: web.clientId,
    client_secret: "wrong",
    scope: "https://contoso.example/tasks/.default",
  });
  expect(json).toEqual({
    error: "invalid_client",
    error_description: expect.stringMatching(
      /^AADB2C90081: .*\r\nCorrelation ID: [0-9a-f-]{36}\r\nTimestamp: /,
    ),
  });
});

describe("External ID under a domain of its own: {tenant id}/v2.0", () => {
  const external = () => ({ ...auth(), authority: authority.authorityUrl(`${tenant.id}/v2.0`) });

  // parity: Signing in | A tenant with a custom domain, as `{tenant id}/v2.0` and as any OpenID Provider | external same
  it.each([
    ["msal-node", () => new Peer({ auth: external(), system: { networkClient: network } })],
    ["Tessera", () => new PublicClientApplication({ auth: external(), system: { ca: authority.caPem } })],
    [
      "Tessera, as any OpenID Provider",
      () =>
        new PublicClientApplication({
          auth: { clientId: desktop.clientId, oidcAuthority: authority.issuer() },
          system: { ca: authority.caPem },
        }),
    ],
  ])("%s signs in, and renews", async (_, create) => {
    const app = create();
    const scopes = [api];
    const target = await app.getAuthCodeUrl({ scopes, redirectUri });
    const code = (await signIn(target, user())).searchParams.get("code") ?? "";
    const { idToken, account } = await app.acquireTokenByCode({ scopes, redirectUri, code });
    expect(decodeJwt(idToken)).toMatchObject({ iss: authority.issuer(), tid: tenant.id });
    if (!account) throw new Error("no account");
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({
      fromCache: false,
      account: { username: alice.username },
    });
  });
});
