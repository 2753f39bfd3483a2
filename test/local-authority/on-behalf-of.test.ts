// proves: local-authority/src/endpoints/verify.ts, local-authority/src/grants/on-behalf-of.ts,
// local-authority/src/pages/verify.ts, local-authority/src/sign-in/conditional-access.ts
import {
  ConfidentialClientApplication,
  InteractionRequiredAuthError,
  PublicClientApplication,
} from "@azure/msal-node";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { SignJWT, decodeJwt, generateKeyPair } from "jose";
import { createBrowser } from "../support/browser.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { signIn } from "../support/sign-in.js";
import { post } from "./requests.js";

const redirectUri = "http://localhost:3000/auth/callback";
const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const graph = "https://graph.microsoft.com/User.Read";

let authority: LocalAuthority;
let network: PeerNetwork;
let tenant: Tenant;
let web: App;
let desktop: App;
let alice: User;
let bob: User;
let tokenPath: string;

beforeAll(async () => {
  const confidential = { clientSecret: "secret", redirectUris: ["http://localhost/*"] };
  authority = await startLocalAuthority({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "orders", identifierUri: "api://orders", ...confidential },
          { clientId: "asking", identifierUri: "api://asking", requiresConsent: true, ...confidential },
          { clientId: "payments", scopes: ["Pay"], identifierUri: "api://payments" },
        ],
      },
    ],
    conditionalAccess: [
      { resource: "api://payments" },
      { resource: "https://blocked.example", control: "block" },
      {
        username: "bob@contoso.example",
        resource: "https://vault.example",
        claims: { access_token: { acrs: { essential: true, value: "c1" } } },
      },
    ],
  });
  network = peerNetwork(authority.caPem);
  [tenant] = authority.config.tenants as [Tenant];
  [web, desktop] = tenant.apps as [App, App];
  [alice, bob] = tenant.users as [User, User];
  tokenPath = `/${tenant.id}/oauth2/v2.0/token`;
});
afterAll(async () => {
  await network.close();
  await authority.close();
});

function configuration(clientId: string, clientSecret?: string) {
  return {
    auth: {
      clientId,
      ...(clientSecret === undefined ? {} : { clientSecret }),
      authority: authority.authorityUrl(),
      knownAuthorities: [new URL(authority.url).host],
    },
    system: { networkClient: network },
  };
}

const api = (clientId = "orders") => new ConfidentialClientApplication(configuration(clientId, "secret"));
const client = () => new PublicClientApplication(configuration(desktop.clientId));

/** What the client calls the API with. */
async function userToken(
  scope = "api://orders/access",
  { claims, user = alice }: { claims?: string; user?: User } = {},
) {
  const app = client();
  const scopes = [scope];
  const url = await app.getAuthCodeUrl({ scopes, redirectUri, claims });
  const answer = await signIn(url, { ...user, ca: authority.caPem });
  const code = answer.searchParams.get("code") ?? "";
  return (await app.acquireTokenByCode({ scopes, redirectUri, code, claims })).accessToken;
}

function exchange(assertion: string, fields: Record<string, string | undefined> = {}) {
  return post(authority, tokenPath, {
    grant_type: grantType,
    requested_token_use: "on_behalf_of",
    client_id: "orders",
    client_secret: "secret",
    assertion,
    scope: graph,
    ...fields,
  });
}

describe("on behalf of", () => {
  it("gives msal-node a token for another API in the name of the user", async () => {
    const result = await api().acquireTokenOnBehalfOf({ oboAssertion: await userToken(), scopes: [graph] });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({
      aud: "https://graph.microsoft.com",
      azp: "orders",
      azpacr: "1",
      idtyp: "user",
      oid: alice.oid,
      scp: expect.stringContaining("User.Read"),
    });
    expect(result?.account).toMatchObject({
      homeAccountId: `${alice.oid}.${tenant.id}`,
      username: alice.username,
    });
    expect(decodeJwt(result?.idToken ?? "").aud).toBe("orders");
  });

  it("gives a refresh token with offline_access only, and client_info when asked", async () => {
    const assertion = await userToken();
    expect(Object.keys((await exchange(assertion)).json)).not.toContain("refresh_token");
    const { json } = await exchange(assertion, { scope: `${graph} offline_access`, client_info: "1" });
    const info: unknown = JSON.parse(Buffer.from(String(json["client_info"]), "base64url").toString());
    expect(info).toEqual({ uid: alice.oid, utid: tenant.id });
    const renewed = await post(authority, tokenPath, {
      grant_type: "refresh_token",
      client_id: "orders",
      client_secret: "secret",
      refresh_token: String(json["refresh_token"]),
    });
    expect(decodeJwt(String(renewed.json["access_token"]))).toMatchObject({ azp: "orders", oid: alice.oid });
  });

  const withKey = async (claims: Record<string, unknown>) => {
    const { privateKey } = await generateKeyPair("RS256");
    return new SignJWT(claims).setProtectedHeader({ alg: "RS256" }).sign(privateKey);
  };
  const appToken = async () => {
    const { json } = await post(authority, tokenPath, {
      grant_type: "client_credentials",
      client_id: web.clientId,
      client_secret: web.clientSecret,
      scope: "api://orders/.default",
    });
    return String(json["access_token"]);
  };
  const idToken = async () =>
    (await api().acquireTokenOnBehalfOf({ oboAssertion: await userToken(), scopes: [graph] }))?.idToken ?? "";
  const fromOther = async () => {
    const other = await startLocalAuthority({ http: true });
    const { json } = await post(other, tokenPath, {
      grant_type: "client_credentials",
      client_id: web.clientId,
      client_secret: web.clientSecret,
      scope: "api://orders/.default",
    });
    await other.close();
    return String(json["access_token"]);
  };

  const refusals: readonly [
    string,
    () => Promise<string>,
    Record<string, string | undefined>,
    number,
    string,
  ][] = [
    ["a token for another API", () => userToken(graph), {}, 500131, "invalid_grant"],
    [
      "a token signed by somebody else",
      async () => withKey(decodeJwt(await userToken())),
      {},
      50013,
      "invalid_grant",
    ],
    ["a token of another authority", fromOther, {}, 50013, "invalid_grant"],
    ["an app's token", appToken, {}, 7000114, "invalid_grant"],
    ["an ID token", idToken, {}, 240002, "invalid_grant"],
    ["what is no token", async () => "garbage", {}, 50027, "invalid_request"],
    ["no token", async () => "", {}, 900144, "invalid_request"],
    ["another use", userToken, { requested_token_use: "of_my_own" }, 9002313, "invalid_request"],
    ["no use", userToken, { requested_token_use: undefined }, 900144, "invalid_request"],
    ["a wrong secret", userToken, { client_secret: "wrong" }, 7000215, "invalid_client"],
    ["no scope", userToken, { scope: undefined }, 900144, "invalid_request"],
  ];
  // parity: Apps | On behalf of a user, with Entra's refusals | entra same
  it.each(refusals)("refuses %s as Entra does", async (_, assertion, fields, code, error) => {
    expect((await exchange(await assertion(), fields)).json).toMatchObject({ error, error_codes: [code] });
  });

  it("is for confidential clients only", async () => {
    const answer = await exchange(await userToken(), {
      client_id: desktop.clientId,
      client_secret: undefined,
    });
    expect(answer.json).toMatchObject({ error: "invalid_client", error_codes: [7000218] });
  });

  it("refuses a token that has expired, or whose user may no longer sign in", async () => {
    const assertion = await userToken();
    authority.disableUser(alice.username);
    expect((await exchange(assertion)).json).toMatchObject({ error: "invalid_grant", error_codes: [50057] });
    authority.disableUser(alice.username, false);
    authority.advanceClock(3600);
    expect((await exchange(assertion)).json).toMatchObject({ error: "invalid_grant", error_codes: [500133] });
    authority.advanceClock(-3600);
  });

  // parity: Apps | Consent to an API behind an API (`consent_required`) | entra same
  it("needs the user's consent to the API, which msal-node reports as an interaction", async () => {
    const oboAssertion = await userToken("api://asking/access");
    const call = () => api("asking").acquireTokenOnBehalfOf({ oboAssertion, scopes: [graph] });
    await expect(call()).rejects.toBeInstanceOf(InteractionRequiredAuthError);
    await expect(call()).rejects.toMatchObject({
      errorCode: "invalid_grant",
      subError: "consent_required",
      errorNo: 65001,
    });
    const url = await api("asking").getAuthCodeUrl({ scopes: [graph], redirectUri });
    await signIn(url, { ...alice, ca: authority.caPem });
    expect((await call())?.account?.username).toBe(alice.username);
  });
});

describe("conditional access", () => {
  const call = (oboAssertion: string, scope = "api://payments/Pay") =>
    api().acquireTokenOnBehalfOf({ oboAssertion, scopes: [scope] });

  // parity: Conditional access | A second factor is required, with a claims challenge that the client answers | entra same
  it("challenges the API; the client signs in again with the claims; the next call succeeds", async () => {
    const first = call(await userToken());
    await expect(first).rejects.toBeInstanceOf(InteractionRequiredAuthError);
    await expect(first).rejects.toMatchObject({
      errorCode: "interaction_required",
      subError: "basic_action",
      errorNo: 50076,
    });
    const { claims } = (await first.catch((error: unknown) => error)) as { claims: string };
    expect(JSON.parse(claims)).toEqual({
      access_token: { polids: { essential: true, values: [expect.stringMatching(/^[\w-]{36}$/)] } },
    });
    const assertion = await userToken("api://orders/access", { claims });
    expect(decodeJwt(assertion)["amr"]).toEqual(["pwd", "mfa"]);
    const result = await call(assertion);
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ aud: "payments", scp: "Pay" });
  });

  it("steps up a session without asking for the password again, and remembers that", async () => {
    const browser = createBrowser({ ca: authority.caPem });
    const app = client();
    await signIn(await app.getAuthCodeUrl({ scopes: [graph], redirectUri }), { ...alice, browser });
    const isReturn = (url: string) => url.startsWith(redirectUri);
    const protectedUrl = await app.getAuthCodeUrl({ scopes: ["api://payments/Pay"], redirectUri });
    const silent = await browser.open(`${protectedUrl}&prompt=none`, isReturn);
    expect(new URL(silent.url).searchParams.get("error")).toBe("interaction_required");
    expect(new URL(silent.url).searchParams.get("claims")).toContain("polids");
    const page = await browser.open(protectedUrl, isReturn);
    expect(page.text).toContain("Verify your identity");
    await signIn(protectedUrl, { username: "nobody", password: "wrong", browser });
    const again = await browser.open(`${protectedUrl}&prompt=none`, isReturn);
    expect(new URL(again.url).searchParams.get("code")).toBeTruthy();
  });

  it("tells the client when the user gives up", async () => {
    const url = await client().getAuthCodeUrl({ scopes: ["api://payments/Pay"], redirectUri });
    const answer = await signIn(url, { ...alice, ca: authority.caPem, consent: "cancel" });
    expect(answer.searchParams.get("error")).toBe("access_denied");
    expect(answer.searchParams.get("error_description")).toContain("AADSTS500121");
  });

  it("challenges a refresh, and lets it pass once the sign-in was strong enough", async () => {
    const app = client();
    const scopes = ["api://payments/Pay"];
    const signInFor = async (first: string[]) => {
      const url = await app.getAuthCodeUrl({ scopes: first, redirectUri });
      const code = (await signIn(url, { ...alice, ca: authority.caPem })).searchParams.get("code") ?? "";
      const { account } = await app.acquireTokenByCode({ scopes: first, redirectUri, code });
      if (account === null) throw new Error("no account");
      return account;
    };
    const weak = await signInFor([graph]);
    await expect(app.acquireTokenSilent({ account: weak, scopes })).rejects.toMatchObject({ errorNo: 50076 });
    const strong = await signInFor(scopes);
    expect((await app.acquireTokenSilent({ account: strong, scopes, forceRefresh: true })).scopes).toContain(
      scopes[0],
    );
  });

  // parity: Conditional access | Access is blocked, on the page and at the token endpoint | entra same
  it("can block: on the page, in the redirect, and at the token endpoint with what to tell the user", async () => {
    const blocked = "https://blocked.example/x";
    const refused = call(await userToken(), blocked);
    await expect(refused).rejects.toBeInstanceOf(InteractionRequiredAuthError);
    await expect(refused).rejects.toMatchObject({
      errorCode: "invalid_grant",
      subError: "message_only",
      errorNo: 53003,
      claims: expect.stringContaining("polids"),
    });
    const url = await client().getAuthCodeUrl({ scopes: [blocked], redirectUri });
    await expect(signIn(url, { ...alice, ca: authority.caPem })).rejects.toThrow(
      /blocked it. \(AADSTS53003\)/,
    );
    const browser = createBrowser({ ca: authority.caPem });
    await signIn(await client().getAuthCodeUrl({ scopes: [graph], redirectUri }), { ...alice, browser });
    const silent = await browser.open(`${url}&prompt=none`, (to) => to.startsWith(redirectUri));
    expect(new URL(silent.url).searchParams.get("error_description")).toContain("AADSTS53003");
  });

  it("covers only the user it names, with the claims it was given", async () => {
    const vault = "https://vault.example/.default";
    expect((await call(await userToken(), vault))?.account?.username).toBe(alice.username);
    const refused = call(await userToken("api://orders/access", { user: bob }), vault);
    await expect(refused).rejects.toMatchObject({
      claims: JSON.stringify({ access_token: { acrs: { essential: true, value: "c1" } } }),
    });
  });

  it.each([
    ["conditionalAccess[0].resources", [{ resources: "https://a.example" }]],
    ["conditionalAccess[0].username", [{ username: "" }]],
    ["conditionalAccess[0].control", [{ control: "allow" }]],
    ["conditionalAccess[0].claims", [{ claims: {} }]],
    ["conditionalAccess", {}],
  ])("refuses a mistake in %s", async (field, conditionalAccess) => {
    const options: object = { conditionalAccess };
    await expect(startLocalAuthority(options)).rejects.toMatchObject({ field });
  });
});
