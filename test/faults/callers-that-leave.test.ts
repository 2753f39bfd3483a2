// A grant that can be redeemed once has been sent, and its callers leave before the answer comes: it is saved all the same.
// proves: node/src/close-client.ts, core/src/exchange/redeem.ts, core/src/flight/single-flight.ts, core/src/exchange/shared-call.ts, core/src/flight/under-way.ts
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { NetworkRequestOptions } from "@azure/msal-node";
import {
  createAuthenticatedFetch,
  CryptoProvider,
  type AuthenticationResult,
  type ConfidentialClientApplication,
  type ICachePlugin,
  type PublicClientApplication,
} from "@tessera/node";
import { graph, startApis, type Apis } from "../support/api-stage.js";
import { deadlineInHand } from "../support/deadline-in-hand.js";
import { signInOnDevice } from "../support/device-sign-in.js";
import { accountOf } from "../support/entra.js";
import { eventually } from "../support/eventually.js";
import { redeem, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { gate, type Gate } from "../support/gate.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { signIn } from "../support/sign-in.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const scopes = ["User.Read"];
const redirectUri = "http://localhost:3000/redirect";
const username = "alice@contoso.example";
const password = "alice-password";

let apis: Apis;
let network: PeerNetwork;
let api: ConfidentialClientApplication;
let desktop: PublicClientApplication;
/** Holds back the next answer that brings tokens. */
let held: { readonly arrived: Gate; readonly released: Gate } | undefined;

beforeAll(async () => {
  apis = await startApis();
  network = peerNetwork(apis.entra.authority.caPem);
  const networkClient = {
    ...network,
    sendPostRequestAsync: async <T>(url: string, options?: NetworkRequestOptions) => {
      const answer = await network.sendPostRequestAsync<T>(url, options);
      const turn = held;
      if (!turn || !("access_token" in (answer.body as object))) return answer;
      held = undefined;
      turn.arrived.open();
      await turn.released.opened;
      return answer;
    },
  };
  const clock = { now: apis.entra.clock.now, sleep: () => Promise.resolve() };
  api = apis.api({ system: { networkClient, clock } });
  desktop = apis.entra.publicClient({ system: { networkClient, clock } });
});
afterAll(async () => {
  await network.close();
  await apis.entra.close();
});
afterEach(() => apis.entra.authority.clearRequests());

interface Bounds {
  readonly signal: AbortSignal;
}

/** Sends a grant, leaves once it is redeemed, and lets the answer arrive after that: the cache then changes. */
async function leave(
  app: ConfidentialClientApplication | PublicClientApplication,
  send: (bounds: Bounds) => Promise<unknown>,
): Promise<void> {
  const before = app.getTokenCache().serialize();
  const turn = (held = { arrived: gate(), released: gate() });
  const controller = new AbortController();
  const call = send({ signal: controller.signal });
  call.catch(() => undefined);
  await turn.arrived.opened;
  controller.abort();
  await expect(call).rejects.toMatchObject({ errorCode: "request_aborted" });
  turn.released.open();
  await eventually(() => app.getTokenCache().serialize() !== before);
}

async function codeOf(): Promise<{ readonly code: string; readonly codeVerifier: string }> {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const pkce = { codeChallenge: challenge, codeChallengeMethod: "S256" };
  const url = await desktop.getAuthCodeUrl({ scopes, redirectUri, ...pkce });
  const { searchParams } = await signIn(url, { username, password, ca: apis.entra.authority.caPem });
  return { code: searchParams.get("code") ?? "", codeVerifier: verifier };
}

const signedIn = async (): Promise<AuthenticationResult> => {
  const [account] = await desktop.getAllAccounts();
  if (!account) throw new Error("nobody is signed in");
  return desktop.acquireTokenSilent({ account, scopes });
};
const sentOnce = (grantType: string): void => {
  expect(apis.grants().filter((grant) => grant === grantType)).toHaveLength(1);
};

describe("a sign-in whose caller leaves is completed", () => {
  afterEach(() => desktop.clearCache());

  it("with a code", async () => {
    const redemption = { scopes, redirectUri, ...(await codeOf()) };
    await leave(desktop, (bounds) => desktop.acquireTokenByCode({ ...redemption, ...bounds }));
    expect(await signedIn()).toMatchObject({ fromCache: true, account: { username } });
    sentOnce("authorization_code");
  });

  it("with a code, and an equal call joins it", async () => {
    const redemption = { scopes, redirectUri, ...(await codeOf()) };
    const turn = (held = { arrived: gate(), released: gate() });
    const controller = new AbortController();
    const first = desktop.acquireTokenByCode({ ...redemption, signal: controller.signal });
    first.catch(() => undefined);
    await turn.arrived.opened;
    controller.abort();
    await expect(first).rejects.toMatchObject({ errorCode: "request_aborted" });
    const second = desktop.acquireTokenByCode(redemption);
    turn.released.open();
    expect(await second).toMatchObject({ account: { username } });
    sentOnce("authorization_code");
  });

  it("with a device code", async () => {
    const deviceCodeCallback = async (device: { verificationUri: string; userCode: string }) => {
      const { caPem: ca } = apis.entra.authority;
      await signInOnDevice(device.verificationUri, device.userCode, { username, password, ca });
    };
    await leave(desktop, (bounds) =>
      desktop.acquireTokenByDeviceCode({ scopes, deviceCodeCallback, ...bounds }),
    );
    expect(await signedIn()).toMatchObject({ fromCache: true, account: { username } });
  });

  it("with a password", async () => {
    await leave(desktop, (bounds) =>
      desktop.acquireTokenByUsernamePassword({ scopes, username, password, ...bounds }),
    );
    expect(await signedIn()).toMatchObject({ fromCache: true, account: { username } });
    sentOnce("password");
  });

  it("with an imported refresh token", async () => {
    await signInWithCode(apis.entra, desktop, scopes);
    const { RefreshToken } = JSON.parse(desktop.getTokenCache().serialize()) as {
      RefreshToken: Record<string, { secret: string }>;
    };
    desktop.clearCache();
    const [token] = Object.values(RefreshToken);
    const refreshToken = token?.secret ?? "";
    await leave(desktop, (bounds) =>
      desktop.acquireTokenByRefreshToken({ scopes, refreshToken, forceCache: true, ...bounds }),
    );
    expect(await signedIn()).toMatchObject({ fromCache: true, account: { username } });
    sentOnce("refresh_token");
  });
});

describe("a refresh whose caller leaves keeps the rotated token", () => {
  afterEach(() => desktop.clearCache());

  it.each([
    ["of an expired token", {}, 4000],
    ["that is forced", { forceRefresh: true }, 0],
    ["for claims", { claims: '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}' }, 0],
    ["for another resource", { scopes: ["https://vault.example/read"] }, 0],
  ])("%s", async (_, over, seconds) => {
    const account = accountOf(await signInWithCode(apis.entra, desktop, scopes));
    apis.entra.clock.advance(seconds);
    await leave(desktop, (bounds) => desktop.acquireTokenSilent({ account, scopes, ...over, ...bounds }));
    // The provider revokes a token that is redeemed twice: this one must be the new one.
    expect(await desktop.acquireTokenSilent({ account, scopes, forceRefresh: true })).toMatchObject({
      fromCache: false,
    });
    const sent = apis.entra.authority.requests.flatMap(({ form }) => form["refresh_token"] ?? []);
    expect(new Set(sent).size).toBe(2);
  });

  it("before the application is closed", async () => {
    const account = accountOf(await signInWithCode(apis.entra, desktop, scopes));
    const before = desktop.getTokenCache().serialize();
    const turn = (held = { arrived: gate(), released: gate() });
    const controller = new AbortController();
    const { signal } = controller;
    const call = desktop.acquireTokenSilent({ account, scopes, forceRefresh: true, signal });
    call.catch(() => undefined);
    await turn.arrived.opened;
    controller.abort();
    await expect(call).rejects.toMatchObject({ errorCode: "request_aborted" });
    const closed = desktop.close().then(() => desktop.getTokenCache().serialize());
    turn.released.open();
    expect(await closed).not.toBe(before);
    sentOnce("refresh_token");
  });

  it("when a closed tab ends createAuthenticatedFetch", async () => {
    const account = accountOf(await signInWithCode(apis.entra, desktop, scopes));
    apis.entra.clock.advance(4000);
    const server = createServer((_, response) => response.end("fine"));
    server.listen(0, "localhost");
    await once(server, "listening");
    const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
    const send = createAuthenticatedFetch(desktop, { scopes, account });
    await leave(desktop, ({ signal }) => send(url, { signal }));
    expect(await (await send(url)).text()).toBe("fine");
    server.close();
    sentOnce("refresh_token");
  });

  it("of a session on behalf of a user", async () => {
    const oboAssertion = await apis.userToken();
    const session = { scopes: graph, sessionKey: "job" };
    await leave(api, (bounds) => api.acquireTokenOnBehalfOf({ ...session, oboAssertion, ...bounds }));
    apis.entra.clock.advance(4000);
    await leave(api, (bounds) => api.acquireTokenOnBehalfOf({ ...session, ...bounds }));
    apis.entra.clock.advance(4000);
    expect(await api.acquireTokenOnBehalfOf(session)).toMatchObject({ fromCache: false });
    const sent = apis.entra.authority.requests.flatMap(({ form }) => form["refresh_token"] ?? []);
    expect(new Set(sent).size).toBe(2);
  });
});

describe("at an OpenID Provider that rotates refresh tokens", () => {
  let provider: FakeProvider;
  /** The only refresh token that is accepted; the user is signed out after any other one. */
  let current = 0;
  let answered: { readonly arrived: Gate; readonly released: Gate } | undefined;
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(() => provider.close());
  beforeEach(() => {
    provider.reset();
    current = 0;
    const backchannel_authentication_endpoint = `${provider.url}/backchannel`;
    provider.answers.discovery = () => ({ body: provider.metadata({ backchannel_authentication_endpoint }) });
    provider.answers.token = async ({ form }) => {
      const sent = form["refresh_token"];
      if (sent !== undefined && sent !== `rotated ${current}`)
        return { status: 400, body: { error: "invalid_grant" } };
      const refresh_token = `rotated ${(current += 1)}`;
      const issued_token_type = "urn:ietf:params:oauth:token-type:access_token";
      answered?.arrived.open();
      await answered?.released.opened;
      return { body: provider.tokens({ refresh_token, issued_token_type }) };
    };
  });

  type Ask = (app: ConfidentialClientApplication, bounds: object) => Promise<AuthenticationResult>;
  const subject = { subjectToken: "the subject", subjectTokenType: "access_token" };
  const silently: Ask = async (app, bounds) => {
    const [account] = await app.getAllAccounts();
    if (!account) throw new Error("nobody is signed in");
    return app.acquireTokenSilent({ account, scopes: ["openid", "api:read"], ...bounds });
  };
  it.each<[string, Ask, Ask]>([
    ["a code", (app, bounds) => redeem(app, bounds), silently],
    [
      "a backchannel authentication",
      (app, bounds) =>
        app.acquireTokenByBackchannelAuthentication({ scopes: ["openid"], loginHint: "olga", ...bounds }),
      silently,
    ],
    [
      "a token exchange",
      (app, bounds) => app.acquireTokenByTokenExchange({ ...subject, ...bounds }),
      (app, bounds) => app.acquireTokenByTokenExchange({ ...subject, ...bounds }),
    ],
  ])("the tokens of %s and of its renewals are kept past timeoutMs", async (_, first, renewed) => {
    const renew: Ask = (app, bounds) => renewed(app, bounds);
    const system = { clock: { now: () => provider.clock.now(), sleep: () => Promise.resolve() } };
    const app = provider.confidential({ system });
    for (const ask of [first, renew, renew]) {
      const before = app.getTokenCache().serialize();
      const turn = (answered = { arrived: gate(), released: gate() });
      const deadline = deadlineInHand(234_567);
      const call = ask(app, { timeoutMs: 234_567 });
      call.catch(() => undefined);
      await turn.arrived.opened;
      deadline.pass();
      deadline.restore();
      // A token that is still valid is served.
      const outcome = call.then(
        ({ isStale }) => isStale,
        (error: { errorCode?: string }) => error.errorCode,
      );
      expect(ask === first ? ["request_timeout"] : ["request_timeout", true]).toContain(await outcome);
      turn.released.open();
      await eventually(() => app.getTokenCache().serialize() !== before);
      provider.clock.advance(3400);
    }
    answered = undefined;
    expect(await renewed(app, {})).toMatchObject({ fromCache: false, accessToken: "an-access-token" });
    expect(provider.requests.flatMap(({ form }) => form["refresh_token"] ?? [])).toEqual(
      [1, 2, 3].map((count) => `rotated ${count}`),
    );
  });

  it.each<[string, Ask]>([
    ["a code", (app) => redeem(app)],
    [
      "a token at another company's server",
      (app) =>
        app.acquireTokenAcrossApps({
          idToken: provider.idToken(),
          audience: provider.url,
          resource: "https://api.example",
          client: { clientId: "at-the-other", clientSecret: "the secret at the other server" },
          scopes: ["read"],
        }),
    ],
  ])("close() waits until the answer is saved: %s", async (_, ask) => {
    let isLast = false;
    provider.answers.token = ({ form }) => {
      const issued_token_type = form["requested_token_type"];
      isLast = issued_token_type === undefined;
      const id_token = form["code"] === undefined ? undefined : provider.idToken();
      return { body: provider.tokens({ id_token, issued_token_type }) };
    };
    const [saving, saved] = [gate(), gate()];
    const cachePlugin: ICachePlugin = {
      beforeCacheAccess: () => Promise.resolve(),
      async afterCacheAccess({ cacheHasChanged }) {
        if (!cacheHasChanged || !isLast) return;
        saving.open();
        await saved.opened;
      },
    };
    const app = provider.confidential({ cache: { cachePlugin } });
    const call = ask(app, {});
    await saving.opened;
    let isClosed = false;
    const closed = app.close().then(() => (isClosed = true));
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(isClosed).toBe(false);
    saved.open();
    await Promise.all([call, closed]);
  });
});
