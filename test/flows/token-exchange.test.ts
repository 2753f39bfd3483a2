// Token exchange (RFC 8693) at a real OpenID Provider: for another service, with an actor, and from the cache.
// proves: core/src/flows/token-exchange.ts, core/src/exchange/assertion-tokens.ts, core/src/request/token-type.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  ServerError,
  type ClientApplication,
  type TokenExchangeRequest,
} from "@tessera/node";
import { applicationAt, signInAt } from "../support/oidc-applications.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { exchangers, EXCHANGE_GRANT, tokenExchange } from "../support/oidc-token-exchange.js";
import { createTestClock } from "../support/test-clock.js";

const type = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
const clock = createTestClock();
let provider: OpenIdProvider;
/** Access tokens of a user, as other applications got them. */
let subjectToken = "";
let actorToken = "";
beforeAll(async () => {
  provider = await startOpenIdProvider(tokenExchange);
  const [web, desktop] = [
    applicationAt(provider, clock, "basic"),
    applicationAt(provider, clock, "publicClient"),
  ];
  subjectToken = (await signInAt(provider, web)).accessToken;
  actorToken = (await signInAt(provider, desktop)).accessToken;
});
beforeEach(() => provider.clearRequests());
afterAll(() => provider.close());

const applications = {
  ConfidentialClientApplication: () => {
    const auth = { oidcAuthority: provider.url, ...exchangers.api };
    return new ConfidentialClientApplication({ auth, system: { clock } });
  },
  PublicClientApplication: () => {
    const auth = { oidcAuthority: provider.url, ...exchangers.tool };
    return new PublicClientApplication({ auth, system: { clock } });
  },
} satisfies Readonly<Record<string, () => ClientApplication>>;

describe.each(Object.entries(applications))("%s", (_, application) => {
  const request = (over: Partial<TokenExchangeRequest> = {}): TokenExchangeRequest => ({
    subjectToken,
    subjectTokenType: "access_token",
    ...over,
  });

  test("exchanges an access token for one for other services", async () => {
    const result = await application().acquireTokenByTokenExchange(
      request({
        audience: ["stock", "orders"],
        scopes: ["reports:read"],
        actorToken,
        actorTokenType: type("access_token"),
        requestedTokenType: "access_token",
      }),
    );
    expect(result).toMatchObject({
      tokenType: "Bearer",
      issuedTokenType: type("access_token"),
      scopes: ["reports:read"],
      account: null,
      fromCache: false,
    });
    expect(result.accessToken).not.toBe(subjectToken);
    expect(result.expiresOn?.getTime()).toBeGreaterThan(clock.now());
    const [sent] = provider.tokenRequests();
    expect(sent?.form).toMatchObject({
      grant_type: EXCHANGE_GRANT,
      subject_token: subjectToken,
      subject_token_type: type("access_token"),
      actor_token: actorToken,
      actor_token_type: type("access_token"),
      requested_token_type: type("access_token"),
      audience: ["orders", "stock"],
      scope: "reports:read",
    });
  });

  test("adds no scopes of its own", async () => {
    await application().acquireTokenByTokenExchange(request());
    expect(provider.tokenRequests()[0]?.form).not.toHaveProperty("scope");
  });

  test("gives a token that is no access token its own token type, also from the cache", async () => {
    const app = application();
    const exchange = request({ requestedTokenType: "id_token", audience: "orders" });
    const issued = await app.acquireTokenByTokenExchange(exchange);
    const again = await app.acquireTokenByTokenExchange(exchange);
    const claims: unknown = JSON.parse(
      Buffer.from(issued.accessToken.split(".")[1] ?? "", "base64url").toString(),
    );
    expect(claims).toMatchObject({ iss: provider.url, sub: "olga@example.org" });
    expect(issued).toMatchObject({ tokenType: "N_A", issuedTokenType: type("id_token"), fromCache: false });
    const { correlationId, metadata } = issued;
    expect({ ...again, correlationId, metadata }).toEqual({ ...issued, fromCache: true });
  });

  test("sends one request for equal calls that overlap, and none for later ones", async () => {
    const app = application();
    const exchange = request({ audience: "orders" });
    const results = await Promise.all([1, 2, 3].map(() => app.acquireTokenByTokenExchange({ ...exchange })));
    const later = await app.acquireTokenByTokenExchange(exchange);
    expect(new Set([...results, later].map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(later.fromCache).toBe(true);
    expect(provider.tokenRequests()).toHaveLength(1);
    expect((await app.acquireTokenByTokenExchange({ ...exchange, skipCache: true })).fromCache).toBe(false);
  });

  test("the provider's refusal is an error with its code, without the tokens", async () => {
    const refused = application().acquireTokenByTokenExchange(request({ audience: "forbidden" }));
    const error: unknown = await refused.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ errorCode: "invalid_target", status: 400 });
    const bad = "a-subject-token-that-nobody-issued";
    const unknown: unknown = await application()
      .acquireTokenByTokenExchange(request({ subjectToken: bad }))
      .catch((reason: unknown) => reason);
    expect(unknown).toMatchObject({ errorCode: "invalid_grant" });
    expect(String(unknown)).not.toContain(bad);
  });
});
