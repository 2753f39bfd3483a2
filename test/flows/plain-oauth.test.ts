// OAuth servers without OpenID Connect: RFC 8414 §3, RFC 6749, RFC 8628, RFC 9068 §2.2, and metadata given by hand.
// proves: core/src/exchange/plain-user.ts, core/src/authority/endpoint.ts, core/src/authority/discovery-document.ts
import { describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type AuthenticationResult,
  type NodeAuthOptions,
} from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { expectNothingKept } from "../support/nothing-kept.js";
import { recordedNetwork, type RecordedRequest } from "../support/recorded-network.js";
import { createTestClock } from "../support/test-clock.js";

const host = "https://as.example";
const authority = `${host}/tenants/One`;
const openidUrl = `GET ${authority}/.well-known/openid-configuration`;
const oauthUrl = `GET ${host}/.well-known/oauth-authorization-server/tenants/One`;
const scopes = ["repo"];
const redirectUri = "http://localhost/signed-in";
const code = { scopes, redirectUri, code: "the-code", codeVerifier: "a".repeat(43) };

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "ES256", typ: "at+jwt" })}.${part(claims)}.c2lnbmF0dXJl`;
}

interface Server {
  readonly metadata?: object;
  /** What is answered in place of the document of OpenID Connect. */
  readonly missing?: { readonly status?: number; readonly body: unknown };
  readonly accessToken?: (request: RecordedRequest) => string;
  readonly user?: { readonly status?: number; readonly body: unknown };
}

/** A server without ID tokens, keys and `openid`. */
function metadataOf(issuer: string, over: object = {}): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    device_authorization_endpoint: `${issuer}/device`,
    response_types_supported: ["code"],
    token_endpoint_auth_methods_supported: ["client_secret_post", "none"],
    ...over,
  };
}

function stage({ metadata = {}, missing = { status: 404, body: {} }, accessToken, user }: Server = {}) {
  const clock = createTestClock();
  let count = 0;
  const network = recordedNetwork((request) => {
    const { line } = request;
    if (line.endsWith("/.well-known/openid-configuration")) return missing;
    const at = line.split("/.well-known/oauth-authorization-server");
    if (at.length === 2) return { body: metadataOf(host + (at[1] ?? ""), metadata) };
    if (line.endsWith("/user")) return request.headers["user-agent"] ? user : { status: 403, body: {} };
    if (line.endsWith("/device"))
      return { body: { device_code: "d", user_code: "U", verification_uri: host, expires_in: 60 } };
    if (!line.endsWith("/token")) return undefined;
    count += 1;
    const access_token = accessToken?.(request) ?? `an-opaque-token-${count}`;
    const isForUser = request.form.get("grant_type") !== "client_credentials";
    const refresh = isForUser ? { refresh_token: `a-refresh-token-${count}` } : {};
    return { body: { access_token, token_type: "bearer", expires_in: 3600, ...refresh } };
  });
  const sleep = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds / 1000);
    await Promise.resolve();
  };
  const system = { networkClient: network, clock: { ...clock, sleep } };
  const auth = (over: Partial<NodeAuthOptions>): NodeAuthOptions => ({
    clientId: "the-client",
    oidcAuthority: authority,
    ...over,
  });
  return {
    clock,
    network,
    confidential: (over: Partial<NodeAuthOptions> = {}) =>
      new ConfidentialClientApplication({ auth: auth({ clientSecret: "the-secret", ...over }), system }),
    publicClient: (over: Partial<NodeAuthOptions> = {}) =>
      new PublicClientApplication({ auth: auth(over), system }),
  };
}

describe("the metadata of an OAuth server", () => {
  it.each([
    { status: 404, body: {} },
    { status: 403, body: "<Error>AccessDenied</Error>" },
    { status: 401, body: {} },
    { status: 302, body: "" },
    { status: 200, body: "<html>an app for every path</html>" },
  ])(
    "are found, with the path of its issuer after the well-known one, when there are none of OpenID Connect: %j",
    async (missing) => {
      const { network, confidential } = stage({ missing });
      expect(await confidential().acquireTokenByClientCredential({ scopes })).toMatchObject({
        account: null,
      });
      expect(network.lines()).toEqual([openidUrl, oauthUrl, `POST ${authority}/token`]);
    },
  );

  it.each([500, 503, 429, 408])(
    "are not asked for while the first document may be there: HTTP %i",
    async (status) => {
      const { network, confidential } = stage({ missing: { status, body: {} } });
      await expect(confidential().acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
        errorCode: "endpoints_resolution_error",
      });
      expect(new Set(network.lines())).toEqual(new Set([openidUrl]));
    },
  );

  it("are refused when they name another issuer", async () => {
    const { network, confidential } = stage({ metadata: { issuer: `${host}/tenants/Two` } });
    await expect(confidential().acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
      cause: { errorCode: "issuer_validation_failed" },
    });
    expect(network.lines()).toEqual([openidUrl, oauthUrl]);
  });

  it("do not replace those of an OpenID Provider whose document is gone for a day", async () => {
    const missing: { status: number; body: unknown } = {
      status: 200,
      body: { ...metadataOf(authority), jwks_uri: `${authority}/keys`, subject_types_supported: ["public"] },
    };
    const { network, confidential, clock } = stage({ missing });
    const app = confidential();
    await app.acquireTokenByClientCredential({ scopes });
    missing.status = 404;
    clock.advance(86_400);
    await app.acquireTokenByClientCredential({ scopes });
    expect(network.lines()).not.toContain(oauthUrl);
  });

  it.each<[string, object, RegExp]>([
    ["authorization_endpoint", { authorization_endpoint: undefined }, /authorization_endpoint is missing/],
    ["token_endpoint", { token_endpoint: undefined }, /token_endpoint is missing/],
    [
      "device_authorization_endpoint",
      { device_authorization_endpoint: null },
      /device_authorization_endpoint is missing/,
    ],
  ])("may lack %s: only a flow that needs it fails, and names it", async (name, metadata, says) => {
    const { confidential, publicClient } = stage({ metadata });
    const flows = {
      authorization_endpoint: () => confidential().getAuthCodeUrl({ scopes, redirectUri }),
      token_endpoint: () => confidential().acquireTokenByClientCredential({ scopes }),
      device_authorization_endpoint: () =>
        publicClient().acquireTokenByDeviceCode({ scopes, deviceCodeCallback: () => undefined }),
    };
    for (const [endpoint, flow] of Object.entries(flows)) {
      const error: unknown =
        endpoint === "device_authorization_endpoint" && name !== endpoint
          ? undefined
          : await flow().catch((reason: unknown) => reason);
      if (endpoint === name)
        expect(error).toMatchObject({
          errorCode: "openid_config_error",
          message: expect.stringMatching(says),
        });
      else expect(error).not.toBeInstanceOf(Error);
    }
  });
});

/** Where the name of a user comes from. */
const sources: readonly [string, Server, object, object][] = [
  [
    "the user info endpoint",
    {
      metadata: { userinfo_endpoint: `${host}/user` },
      user: { body: { sub: "u-1", name: "Ada", email: "ada@x.example" } },
    },
    { homeAccountId: "u-1", username: "ada@x.example", name: "Ada" },
    { homeAccountId: "u-1", username: "ada@x.example", name: "Ada" },
  ],
  [
    "an endpoint of the server's own form",
    { metadata: { userinfo_endpoint: `${host}/user` }, user: { body: { id: 583231, login: "octocat" } } },
    { homeAccountId: "583231", username: "octocat" },
    { homeAccountId: "583231", username: "octocat" },
  ],
  [
    "the subject of a JWT access token",
    { accessToken: () => jwt({ iss: authority, sub: "u-2" }) },
    { homeAccountId: "u-2" },
    { homeAccountId: "u-2" },
  ],
  [
    "the JWT, when user info is refused",
    {
      metadata: { userinfo_endpoint: `${host}/user` },
      user: { status: 403, body: {} },
      accessToken: () => jwt({ iss: authority, sub: "u-2" }),
    },
    { homeAccountId: "u-2" },
    { homeAccountId: "u-2" },
  ],
  [
    "nothing: a JWT of another issuer",
    { accessToken: () => jwt({ iss: "https://evil.example", sub: "u-3" }) },
    { homeAccountId: "the-user" },
    { homeAccountId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  ],
  [
    "nothing at all",
    {},
    { homeAccountId: "the-user" },
    { homeAccountId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  ],
];

describe.each(sources)("a user who is known from %s", (_, server, ofPublic, ofConfidential) => {
  it.each(["publicClient", "confidential"] as const)(
    "signs in, is renewed, restored and signed out: %s",
    async (kind) => {
      const world = stage(server);
      const { network, clock } = world;
      const app = world[kind]();
      const first = await app.acquireTokenByCode({ ...code, nonce: "the-nonce" });
      const account = accountOf(first);
      expect(account).toMatchObject(kind === "publicClient" ? ofPublic : ofConfidential);
      expect(account).toMatchObject({ environment: "as.example", authorityType: "Generic" });
      expect(first.idToken).toBe("");
      expect(network.requests.find(({ line }) => line.startsWith("POST"))?.form.get("scope")).toBe("repo");

      expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true, account });
      clock.advance(3600);
      const renewed = await app.acquireTokenSilent({ scopes, account });
      expect(renewed).toMatchObject({ fromCache: false, account: { homeAccountId: account.homeAccountId } });
      expect(network.requests.at(-1)?.form.get("refresh_token")).toBe("a-refresh-token-1");

      const again = world[kind]();
      again.getTokenCache().deserialize(app.getTokenCache().serialize());
      const [restored] = await again.getTokenCache().getAccounts({ authority });
      expect(restored).toMatchObject({ homeAccountId: account.homeAccountId, username: account.username });
      expect(await again.getAllAccounts()).toHaveLength(1);
      expect(restored && (await again.acquireTokenSilent({ scopes, account: restored }))).toMatchObject({
        fromCache: true,
        accessToken: renewed.accessToken,
      });
      if (restored) await again.signOut({ account: restored });
      await expectNothingKept(again);
    },
  );
});

describe("a server without ID tokens", () => {
  it("serves a device code, and the sign-in in two steps", async () => {
    const { publicClient, confidential } = stage({
      accessToken: () => jwt({ iss: authority, sub: "u-1" }),
    });
    const device = publicClient().acquireTokenByDeviceCode({
      scopes,
      deviceCodeCallback: () => undefined,
    });
    expect(await device).toMatchObject({ account: { homeAccountId: "u-1" } });
    const app = confidential();
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri });
    const sent = new URL(flow.authUrl).searchParams;
    expect(sent.get("scope")).toBe("repo");
    expect(sent.get("code_challenge_method")).toBe("S256");
    const response = { code: "the-code", state: sent.get("state") ?? "" };
    expect(await app.acquireTokenByAuthCodeFlow(flow, response)).toMatchObject({
      account: { homeAccountId: "u-1" },
    });
  });

  it("never mixes the users of a confidential client, though it does not say who they are", async () => {
    const { confidential } = stage();
    const app = confidential();
    const results: AuthenticationResult[] = [];
    for (const user of ["one", "two"]) results.push(await app.acquireTokenByCode({ ...code, code: user }));
    expect(await app.getAllAccounts()).toHaveLength(2);
    for (const result of results) {
      const found = await app.acquireTokenSilent({ scopes, account: accountOf(result) });
      expect(found).toMatchObject({ fromCache: true, accessToken: result.accessToken });
    }
  });

  it.each([408, 503])("keeps nothing of a sign-in whose user info endpoint answers %d", async (status) => {
    const { confidential } = stage({
      metadata: { userinfo_endpoint: `${host}/user` },
      user: { status, body: {} },
    });
    const app = confidential();
    await expect(app.acquireTokenByCode(code)).rejects.toMatchObject({
      errorCode: "invalid_token_response",
      message: expect.stringContaining(`user info endpoint answered HTTP ${status}`),
    });
    await expectNothingKept(app);
  });

  it("shares a host with others, and its tokens stay with it", async () => {
    const two = `${host}/tenants/Two`;
    const { network, publicClient } = stage();
    const app = publicClient();
    const first = await app.acquireTokenByCode(code);
    const second = await app.acquireTokenByCode({ ...code, authority: two });
    for (const [issuer, { accessToken, account }] of [
      [authority, first],
      [two, second],
    ] as const) {
      if (!account) throw new Error("nobody has signed in");
      const found = await app.acquireTokenSilent({ scopes, account, authority: issuer });
      expect(found).toMatchObject({ fromCache: true, accessToken });
      if (issuer === authority)
        expect(await app.acquireTokenSilent({ scopes, account })).toEqual(
          expect.objectContaining({ accessToken }),
        );
      else
        await expect(app.acquireTokenSilent({ scopes, account })).rejects.toMatchObject({
          errorCode: "no_tokens_found",
        });
      const other = issuer === two ? authority : two;
      await expect(app.acquireTokenSilent({ scopes, account, authority: other })).rejects.toMatchObject({
        errorCode: "no_tokens_found",
      });
      network.clear();
      await app.acquireTokenSilent({ scopes, account, authority: issuer, forceRefresh: true });
      expect(network.requests.map(({ line, form }) => [line, form.get("refresh_token")])).toEqual([
        [`POST ${issuer}/token`, issuer === two ? "a-refresh-token-2" : "a-refresh-token-1"],
      ]);
    }
    expect(await app.getTokenCache().getAccounts({ authority: two })).toHaveLength(1);
  });
});

describe("metadata given by hand", () => {
  it("are used for a server that publishes none, and may lack its issuer", async () => {
    const { issuer: _, ...metadata } = metadataOf(authority, { userinfo_endpoint: `${host}/user` }) as {
      readonly issuer: string;
    };
    const world = stage({ user: { body: { id: 1, login: "octocat" } } });
    const app = world.confidential({ authorityMetadata: JSON.stringify(metadata) });
    expect(await app.acquireTokenByCode(code)).toMatchObject({ account: { username: "octocat" } });
    expect(world.network.lines()).toEqual([`POST ${authority}/token`, `GET ${host}/user`]);
  });
});
