// Sign-outs that the provider starts (OpenID Connect Back-Channel Logout §2.6, Front-Channel Logout §3): nobody signs a user
// out who is not the provider.
// proves: core/src/endpoints/logout.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore } from "@tessera/node";
import type { Provider } from "oidc-provider";
import { accountOf } from "../support/entra.js";
import {
  clientId,
  keys,
  redeem,
  secrets,
  sign,
  startFakeProvider,
  type FakeProvider,
} from "../support/fake-provider.js";
import { expectNoSecretIn } from "../support/nothing-kept.js";
import { applicationAt, signInAt } from "../support/oidc-applications.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { createTestClock } from "../support/test-clock.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => provider.reset());

const EVENT = "http://schemas.openid.net/event/backchannel-logout";
let count = 0;
const now = () => Math.floor(provider.clock.now() / 1000);
const token = (claims: object = {}, header: object = {}, key = keys.one.privateKey): string => {
  count += 1;
  const times = { iat: now(), exp: now() + 120, jti: `jti-${count}` };
  const all = {
    iss: provider.url,
    aud: clientId,
    sub: "user-1",
    events: { [EVENT]: {} },
    ...times,
    ...claims,
  };
  return sign(all, { alg: "RS256", kid: "one", typ: "logout+jwt", ...header }, key);
};

describe.each(["confidential", "publicClient"] as const)("a logout token, %s", (kind) => {
  it.each([
    ["of a user", { sub: "user-1" }, { sub: "user-1" }],
    ["of a session of a user", { sid: "s1" }, { sub: "user-1", sid: "s1" }],
    ["of a session alone", { sub: undefined, sid: "s1" }, { sid: "s1" }],
  ])("%s names the accounts that it concerns", async (_, claims, named) => {
    const app = provider[kind]();
    provider.answers.token = () => ({ body: provider.tokens({}, { claims: { sid: "s1" } }) });
    await redeem(app);
    provider.answers.token = () => ({ body: provider.tokens({}, { claims: { sub: "user-2", sid: "s2" } }) });
    await redeem(app, { code: "another" });
    const { accounts, ...result } = await app.validateLogoutToken({ logoutToken: token(claims) });
    expect(result).toEqual({ iss: provider.url, ...named });
    expect(accounts.map(({ homeAccountId }) => homeAccountId)).toEqual(["user-1"]);
    for (const account of accounts) await app.removeAccount(account);
    const left = await app.getAllAccounts();
    expect(left.map(({ homeAccountId }) => homeAccountId)).toEqual(["user-2"]);
  });
});

it("a user is found in a store, and one who is not known is nobody", async () => {
  const store = createMemoryTokenStore();
  await redeem(provider.confidential({ cache: { store } }));
  const app = provider.confidential({ cache: { store } });
  expect((await app.validateLogoutToken({ logoutToken: token() })).accounts).toHaveLength(1);
  expect((await app.validateLogoutToken({ logoutToken: token({ sub: "x" }) })).accounts).toEqual([]);
});

it("typ may be missing, because providers need not send it", async () => {
  const logoutToken = token({}, { typ: undefined });
  expect(await provider.confidential().validateLogoutToken({ logoutToken })).toMatchObject({ sub: "user-1" });
});

it("a token is accepted once, and another with the same name from another application too", async () => {
  const logoutToken = token();
  const app = provider.confidential();
  const twice = [app.validateLogoutToken({ logoutToken }), app.validateLogoutToken({ logoutToken })];
  const outcomes = await Promise.allSettled(twice);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  await expect(app.validateLogoutToken({ logoutToken })).rejects.toMatchObject({
    errorCode: "invalid_logout_token",
    errorMessage: expect.stringContaining("used before"),
  });
});

describe("a logout token that is refused", () => {
  it.each<readonly [string, () => string, RegExp]>([
    ["is an ID token", () => provider.idToken(), /events/],
    ["is another kind of JWT", () => token({}, { typ: "at+jwt" }), /typ is "at\+jwt"/],
    ["has no events", () => token({ events: undefined }), /events/],
    ["is about another event", () => token({ events: { other: {} } }), /events/],
    ["has an event that is no object", () => token({ events: { [EVENT]: true } }), /events/],
    ["has a nonce", () => token({ nonce: "n" }), /nonce/],
    ["names nobody", () => token({ sub: undefined }), /neither sub nor sid/],
    ["has a sub of another type", () => token({ sub: 1 }), /sub/],
    ["has a sid of another type", () => token({ sid: {} }), /sid is not a string/],
    ["has no jti", () => token({ jti: undefined }), /jti is missing/],
    ["has no iat", () => token({ iat: undefined }), /iat is missing/],
    ["has no exp", () => token({ exp: undefined }), /exp is missing/],
    ["has expired", () => token({ exp: now() - 60 }), /expired/],
    ["is for another client", () => token({ aud: "other" }), /aud is/],
    ["is another issuer's", () => token({ iss: "https://elsewhere.example" }), /iss is/],
    ["is signed by another key", () => token({}, {}, keys.two.privateKey), /signature/],
    ["is not signed", () => token({}, { alg: "none" }), /alg is "none"/],
    ["is no JWT", () => "nothing", /not a signed JWT/],
  ])("%s", async (_, make, reason) => {
    const app = provider.confidential();
    await redeem(app);
    const error: unknown = await app
      .validateLogoutToken({ logoutToken: make() })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "ClientAuthError", errorMessage: expect.stringMatching(reason) });
    expectNoSecretIn(error, secrets);
    expect(await app.getAllAccounts()).toHaveLength(1);
  });

  it("is missing", async () => {
    const result = provider.confidential().validateLogoutToken({ logoutToken: undefined as never });
    await expect(result).rejects.toMatchObject({ errorCode: "token_request_empty" });
  });
});

describe("a front-channel logout", () => {
  const signedIn = async () => {
    provider.answers.token = () => ({ body: provider.tokens({}, { claims: { sid: "s1" } }) });
    const app = provider.confidential();
    return { app, account: accountOf(await redeem(app)) };
  };

  it("of the account's session is accepted", async () => {
    const { app, account } = await signedIn();
    const result = await app.validateFrontChannelLogout({ iss: provider.url, sid: "s1", account });
    expect(result).toEqual({ iss: provider.url, sid: "s1", accounts: [account] });
  });

  it.each<readonly [string, object, string]>([
    ["of another session", { sid: "s2" }, "invalid_logout_token"],
    ["of another issuer", { iss: "https://elsewhere.example" }, "invalid_logout_token"],
    ["without a session", { sid: undefined }, "token_request_empty"],
    ["without an issuer", { iss: "" }, "token_request_empty"],
    ["with two sessions", { sid: ["s1", "s2"] }, "invalid_option"],
    ["without an account", { account: undefined }, "invalid_option"],
  ])("%s is refused", async (_, over, errorCode) => {
    const { app, account } = await signedIn();
    const request = { iss: provider.url, sid: "s1", account, ...over } as Parameters<
      typeof app.validateFrontChannelLogout
    >[0];
    await expect(app.validateFrontChannelLogout(request)).rejects.toMatchObject({ errorCode });
  });
});

/** A client as the provider has it: its types do not declare how a sign-out is announced. */
interface Announcer {
  backchannelLogout(sub: string, sid: string): Promise<void>;
}

function announcerOf(client: object | undefined): Announcer {
  if (client && isAnnouncer(client)) return client;
  throw new Error("the provider does not announce sign-outs");
}

const isAnnouncer = (client: object): client is Announcer => "backchannelLogout" in client;

describe("at oidc-provider", () => {
  let real: OpenIdProvider;
  let own: Provider;
  const posted: string[] = [];
  beforeAll(async () => {
    real = await startOpenIdProvider({
      configure: (usual) => ({
        ...usual,
        // What it would post to the client.
        fetch: async (_url, options) => {
          if (typeof options?.body === "string") posted.push(options.body);
          else posted.push(new URLSearchParams(options?.body as URLSearchParams).toString());
          return new Response();
        },
        features: { ...usual.features, backchannelLogout: { enabled: true } },
        clients: (usual.clients ?? []).map((one) => ({
          ...one,
          backchannel_logout_uri: "https://app.example/logout",
          backchannel_logout_session_required: true,
        })),
      }),
      prepare: (made) => {
        own = made;
      },
    });
  });
  afterAll(() => real.close());

  it.each([
    ["publicClient", "desktop"],
    ["post", "web-post"],
  ] as const)("%s is told of a sign-out, and removes the user", async (name, id) => {
    const app = applicationAt(real, createTestClock(), name);
    const account = accountOf(await signInAt(real, app));
    const client = announcerOf(await own.Client.find(id));
    await client.backchannelLogout(account.homeAccountId, "a-session");
    const logoutToken = new URLSearchParams(posted.pop()).get("logout_token") ?? "";
    const { accounts, ...named } = await app.validateLogoutToken({ logoutToken });
    expect(named).toEqual({ iss: real.url, sub: account.homeAccountId, sid: "a-session" });
    for (const one of accounts) await app.removeAccount(one);
    expect(await app.getAllAccounts()).toEqual([]);
  });
});
