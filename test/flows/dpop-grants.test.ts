// Grants whose tokens are bound to a key (RFC 9449 §5): the request has a proof, and the token is found again in the cache.
// proves: core/src/dpop/dpop.ts, core/src/exchange/redeem.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type AuthenticationResult } from "@tessera/node";
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from "jose";
import { accountOf } from "../support/entra.js";
import {
  clientId,
  clientSecret,
  scopes,
  startFakeProvider,
  type FakeProvider,
  type FakeRequest,
} from "../support/fake-provider.js";

const bound = { authenticationScheme: "DPoP" } as const;
let fake: FakeProvider;
let app: ConfidentialClientApplication;
beforeAll(async () => {
  fake = await startFakeProvider();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.reset();
  const backchannel_authentication_endpoint = `${fake.url}/backchannel`;
  fake.answers.discovery = () => ({ body: fake.metadata({ backchannel_authentication_endpoint }) });
  fake.answers.backchannel = () => ({ body: { auth_req_id: "the-request-id", expires_in: 60 } });
  // The tokens of these grants belong to no authorization request, and so have no nonce.
  fake.answers.token = () => ({
    body: fake.tokens({ token_type: "DPoP" }, { claims: { nonce: undefined } }),
  });
  const clock = {
    now: () => fake.clock.now(),
    sleep: async (milliseconds: number) => fake.clock.advance(milliseconds / 1000),
  };
  app = new ConfidentialClientApplication({
    auth: { clientId, clientSecret, oidcAuthority: fake.url },
    system: { clock },
  });
});

const tokenRequests = (): readonly FakeRequest[] => fake.requests.filter(({ path }) => path === "/token");
const exchanged = { subjectToken: "a-subject", subjectTokenType: "access_token", scopes } as const;
const assertion = { oboAssertion: "an-assertion", scopes } as const;
const silently = (result: AuthenticationResult) =>
  app.acquireTokenSilent({ scopes, account: accountOf(result), ...bound });

interface Row {
  readonly grant: string;
  readonly acquire: () => Promise<AuthenticationResult>;
  /** Acquires the token from the cache. */
  readonly again: (first: AuthenticationResult) => Promise<AuthenticationResult>;
}

describe.each<Row>([
  {
    grant: "on-behalf-of",
    acquire: () => app.acquireTokenOnBehalfOf({ ...assertion, ...bound }),
    again: () => app.acquireTokenOnBehalfOf({ ...assertion, ...bound }),
  },
  {
    grant: "token exchange",
    acquire: () => app.acquireTokenByTokenExchange({ ...exchanged, ...bound }),
    again: () => app.acquireTokenByTokenExchange({ ...exchanged, ...bound }),
  },
  {
    grant: "password",
    acquire: () =>
      app.acquireTokenByUsernamePassword({ username: "olga", password: "any", scopes, ...bound }),
    again: silently,
  },
  {
    grant: "imported refresh token",
    acquire: () =>
      app.acquireTokenByRefreshToken({ refreshToken: "imported", scopes, forceCache: true, ...bound }),
    again: silently,
  },
  {
    grant: "backchannel authentication",
    acquire: () => app.acquireTokenByBackchannelAuthentication({ loginHint: "olga", scopes, ...bound }),
    again: silently,
  },
])("$grant", ({ acquire, again }) => {
  it("sends a proof, and finds the bound token again without a request", async () => {
    const first = await acquire();
    expect(first).toMatchObject({ tokenType: "DPoP", fromCache: false });
    const [request, ...more] = tokenRequests();
    expect(more).toEqual([]);
    const { payload, protectedHeader } = await jwtVerify(String(request?.headers["dpop"]), EmbeddedJWK);
    expect(payload).toMatchObject({ htm: "POST", htu: `${fake.url}/token` });
    expect(await again(first)).toMatchObject({ tokenType: "DPoP", fromCache: true });
    expect(tokenRequests()).toHaveLength(1);

    const { accessToken } = first;
    const proof = await app.createDpopProof({ accessToken, method: "GET", url: "https://api.example/" });
    const key = (await jwtVerify(proof, EmbeddedJWK)).protectedHeader.jwk ?? {};
    expect(await calculateJwkThumbprint(key)).toBe(await calculateJwkThumbprint(protectedHeader.jwk ?? {}));
  });
});
