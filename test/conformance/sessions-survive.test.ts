// A refresh never loses the session: RFC 6749 §6 and RFC 9700 §4.14.2 (rotation), OpenID Connect Core §10.1.1 and §12.2.
// proves: core/src/response/key-failure.ts, core/src/exchange/require-keys.ts, core/src/exchange/same-user.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AccountInfo, AuthenticationResult, ConfidentialClientApplication } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import {
  clientSecret,
  jwk,
  keys,
  redeem,
  scopes,
  startFakeProvider,
  type FakeProvider,
  type IdTokenOptions,
} from "../support/fake-provider.js";

const usersOf = (length: number): readonly string[] => Array.from({ length }, (_, user) => `user-${user}`);
const USERS = usersOf(3);
const byOne: IdTokenOptions = {};
const byTwo: IdTokenOptions = { header: { kid: "two" }, key: keys.two.privateKey };
const one = jwk(keys.one, { kid: "one" });
const two = jwk(keys.two, { kid: "two" });
const HOUR = 3600;
const DAY = 24 * HOUR;

let provider: FakeProvider;
let app: ConfidentialClientApplication;
let accounts: readonly AccountInfo[];
/** How the provider signs. */
let signing: IdTokenOptions;
/** The refresh tokens that the provider accepts, each of them once, and their users. */
const accepted = new Map<string, string>();

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  provider.reset();
  accepted.clear();
  signing = byOne;
  provider.answers.token = ({ form }) => {
    const user = form["code"] ?? accepted.get(form["refresh_token"] ?? "");
    if (user === undefined) return { status: 400, body: { error: "invalid_grant" } };
    accepted.delete(form["refresh_token"] ?? "");
    const refreshToken = `a-refresh-token-of-${user}-${provider.count("token")}`;
    accepted.set(refreshToken, user);
    const { claims, ...rest } = signing;
    return {
      body: provider.tokens({ refresh_token: refreshToken }, { ...rest, claims: { sub: user, ...claims } }),
    };
  };
  publish([one]);
  app = provider.confidential({ system: { retries: 0 } });
  await signIn(USERS);
});

async function signIn(users: readonly string[]): Promise<void> {
  accounts = await Promise.all(users.map(async (code) => accountOf(await redeem(app, { code }))));
  provider.clock.advance(HOUR);
}

const publish = (published: readonly object[]): void => {
  provider.answers.keys = () => ({ body: { keys: published } });
};
const fail = (): void => {
  provider.answers.keys = () => ({ status: 500, body: "down" });
};
const cached = (): Record<string, object> =>
  JSON.parse(app.getTokenCache().serialize()) as Record<string, object>;
const renew = (account: AccountInfo): Promise<AuthenticationResult> =>
  app.acquireTokenSilent({ scopes, account, forceRefresh: true });
const renewAll = (): Promise<PromiseSettledResult<AuthenticationResult>[]> =>
  Promise.allSettled(accounts.map(renew));
async function expectAllToRenew(): Promise<void> {
  const results = await renewAll();
  expect(results.filter(({ status }) => status === "rejected")).toEqual([]);
  expect(await app.getAllAccounts()).toHaveLength(accounts.length);
}

describe("nobody is signed out", () => {
  it("when the key set answers 500, although the keys are older than ten minutes", async () => {
    await signIn(usersOf(20));
    const before = provider.count("keys");
    fail();
    await expectAllToRenew();
    expect(provider.count("keys")).toBe(before + 1);
    provider.clock.advance(DAY - HOUR - 1);
    await expectAllToRenew();
  });

  it("when it answers 500 for more than a day: no refresh token is sent before there are keys", async () => {
    fail();
    provider.clock.advance(DAY);
    const before = provider.count("token");
    for (const { status, ...rest } of await renewAll()) {
      expect(status).toBe("rejected");
      expect(rest).toMatchObject({
        reason: { name: "ClientAuthError", message: expect.stringMatching(/keys cannot be read: .* 500/) },
      });
    }
    expect(provider.count("token")).toBe(before);
    publish([one]);
    await expectAllToRenew();
  });

  it("when the provider changes its keys half a minute after they were fetched", async () => {
    await signIn(usersOf(20));
    await expectAllToRenew();
    const before = provider.count("keys");
    provider.clock.advance(30);
    signing = byTwo;
    publish([two]);
    await expectAllToRenew();
    expect(provider.count("keys")).toBe(before + 1);
    // The cooldown starts with that request.
    signing = byOne;
    publish([one]);
    provider.clock.advance(61);
    await expectAllToRenew();
  });

  it.each<[string, () => void]>([
    ["has not published the key yet", () => publish([one])],
    ["cannot publish it", fail],
    ["publishes nothing", () => publish([])],
  ])(
    "when the provider signs with a key and %s: the new refresh tokens are kept, not the access tokens",
    async (_, soon) => {
      await expectAllToRenew();
      const before = cached();
      signing = byTwo;
      soon();
      for (const { status, ...rest } of await renewAll()) {
        expect(status).toBe("rejected");
        expect(rest).toMatchObject({ reason: { name: "ClientAuthError" } });
      }
      const after = cached();
      expect({ ...after, RefreshToken: {} }).toEqual({ ...before, RefreshToken: {} });
      expect(Object.keys(after["RefreshToken"] ?? {}).sort()).toEqual(
        Object.keys(before["RefreshToken"] ?? {}).sort(),
      );
      publish([two]);
      provider.clock.advance(60);
      await expectAllToRenew();
    },
  );

  it("when the keys have no names and the provider changes them", async () => {
    const nameless = { header: { kid: undefined } };
    signing = nameless;
    publish([jwk(keys.one)]);
    await expectAllToRenew();
    for (const _ of [1, 2]) {
      provider.clock.advance(20);
      signing = { ...nameless, key: keys.two.privateKey };
      publish([jwk(keys.two)]);
      const results = await renewAll();
      if (results.some(({ status }) => status === "rejected")) provider.clock.advance(60);
      await expectAllToRenew();
      signing = nameless;
      publish([jwk(keys.one)]);
    }
  });

  it("when the keys have moved: the discovery document is read again", async () => {
    provider.answers.discovery = () => ({ body: provider.metadata({ jwks_uri: `${provider.url}/api` }) });
    provider.answers.api = () => ({ body: { keys: [two] } });
    signing = byTwo;
    await expectAllToRenew();
    expect(provider.count("discovery")).toBe(2);
    provider.answers.keys = () => ({ status: 404 });
    await expectAllToRenew();
    expect(provider.count("discovery")).toBe(2);
  });

  it("when the keys have moved, and nothing is left where they were", async () => {
    provider.answers.discovery = () => ({ body: provider.metadata({ jwks_uri: `${provider.url}/api` }) });
    provider.answers.api = () => ({ body: { keys: [one] } });
    provider.answers.keys = () => ({ status: 404 });
    provider.clock.advance(DAY - HOUR - 1);
    signing = byTwo;
    provider.answers.api = () => ({ body: { keys: [two] } });
    await expectAllToRenew();
  });

  it("when a caller leaves while the keys are being fetched for the refresh that was sent", async () => {
    await expectAllToRenew();
    signing = byTwo;
    const hasLeft = leaveDuringKeys(async () => {
      await hasLeft();
      return { body: { keys: [two] } };
    });
    await hasLeft();
    await expectAllToRenew();
  });

  it("when a caller leaves while the keys are being fetched before the refresh is sent", async () => {
    provider.clock.advance(DAY);
    const hasLeft = leaveDuringKeys(async ({ ended }) => {
      await ended;
      return { status: 500 };
    });
    await hasLeft();
    publish([one]);
    await expectAllToRenew();
  });

  it("of the sessions on behalf of users", async () => {
    const sessions = USERS.map((sessionKey) => ({ scopes: ["api:read"], sessionKey }));
    provider.answers.token = withAssertions(provider.answers.token);
    publish([one]);
    for (const session of sessions)
      await app.acquireTokenOnBehalfOf({ ...session, oboAssertion: `assertion-of-${session.sessionKey}` });
    signing = byTwo;
    provider.clock.advance(HOUR);
    const all = () => Promise.allSettled(sessions.map((session) => app.acquireTokenOnBehalfOf(session)));
    expect((await all()).map(({ status }) => status)).toEqual(USERS.map(() => "rejected"));
    publish([two]);
    provider.clock.advance(60);
    expect((await all()).map(({ status }) => status)).toEqual(USERS.map(() => "fulfilled"));
  });
});

/** Renews the first session. Its caller leaves when the keys are asked for; the result waits until it has left. */
function leaveDuringKeys(answer: FakeProvider["answers"]["keys"]): () => Promise<void> {
  const [account] = accounts;
  if (!account) throw new Error("nobody has signed in");
  const leave = new AbortController();
  provider.answers.keys = (request) => {
    leave.abort();
    return answer(request);
  };
  const call = app.acquireTokenSilent({ scopes, account, forceRefresh: true, signal: leave.signal });
  const left = expect(call).rejects.toMatchObject({ errorCode: "request_aborted" });
  return () => left;
}

/** Answers on-behalf-of assertions like codes. */
function withAssertions(answer: FakeProvider["answers"]["token"]): FakeProvider["answers"]["token"] {
  return (request) => {
    const { assertion } = request.form;
    const code = assertion?.replace("assertion-of-", "");
    return answer(code === undefined ? request : { ...request, form: { ...request.form, code } });
  };
}

describe("what does not pass loses nothing but itself", () => {
  it.each<[string, IdTokenOptions]>([
    ["another user's ID token", { ...byTwo, claims: { sub: "someone-else" } }],
    ["another issuer's ID token", { ...byTwo, claims: { iss: "https://evil.example" } }],
    ["another client's ID token", { ...byTwo, claims: { aud: "another" } }],
    ["an algorithm that was not agreed", { header: { alg: "PS256", kid: "two" }, key: keys.two.privateKey }],
    ["a bad signature", { key: keys.two.privateKey }],
  ])("%s, even if its key is missing, is refused: no token that came with it is kept", async (_, idToken) => {
    await expectAllToRenew();
    const before = cached();
    signing = idToken;
    const [account] = accounts;
    await expect(account && renew(account)).rejects.toMatchObject({ errorCode: "invalid_id_token" });
    expect(cached()).toEqual(before);
  });
});

describe("a grant that can be redeemed once is not sent while its ID token could not be verified", () => {
  it("a code", async () => {
    fail();
    const other = provider.confidential();
    const before = provider.count("token");
    await expect(redeem(other)).rejects.toMatchObject({
      message: expect.stringMatching(/keys cannot be read/),
    });
    expect(provider.count("token")).toBe(before);
    publish([one]);
    // Past the pause in which an equal call gets the last error again.
    provider.clock.advance(60);
    expect(await redeem(other)).toMatchObject({ fromCache: false });
  });

  it("a device code, which is not even shown", async () => {
    fail();
    const over = { device_authorization_endpoint: `${provider.url}/api` };
    provider.answers.discovery = () => ({ body: provider.metadata(over) });
    const shown: unknown[] = [];
    const deviceCodeCallback = (response: unknown): unknown => shown.push(response);
    const call = provider.publicClient().acquireTokenByDeviceCode({ scopes, deviceCodeCallback });
    await expect(call).rejects.toMatchObject({ message: expect.stringMatching(/keys cannot be read/) });
    expect([provider.count("api"), shown]).toEqual([0, []]);
  });

  it("unless the provider signs with the client's secret, and so may publish no keys", async () => {
    provider.answers.keys = () => ({ body: {} });
    const listed = { id_token_signing_alg_values_supported: ["HS256", "RS256"] };
    provider.answers.discovery = () => ({ body: provider.metadata(listed) });
    signing = { header: { alg: "HS256", kid: undefined }, key: new TextEncoder().encode(clientSecret) };
    app = provider.confidential();
    const account = accountOf(await redeem(app, { code: "user-1" }));
    const before = provider.count("keys");
    expect(await renew(account)).toMatchObject({ fromCache: false });
    expect(provider.count("keys")).toBe(before);
  });
});
