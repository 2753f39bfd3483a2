// What a call waits for besides its requests ends with the caller's time as well: the app's cache plugin, and other refreshes of
// the same user. A grant that can be redeemed only once is not sent when too little time is left for the answer.
// proves: core/src/flight/deadline.ts, core/src/flight/keyed-mutex.ts, core/src/exchange/in-turn.ts,
// core/src/exchange/client-form.ts
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { AuthenticationResult, ConfidentialClientApplication, ICachePlugin } from "@tessera/node";
import { KeyedMutex } from "../../packages/core/src/flight/keyed-mutex.js";
import { agentStage, ask } from "../support/agent-stage.js";
import { deadlineInHand } from "../support/deadline-in-hand.js";
import { accountOf } from "../support/entra.js";
import { redeem, scopes, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { gate } from "../support/gate.js";

const timeoutMs = 77_777;
const never = new Promise<never>(() => undefined);
let provider: FakeProvider;

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterEach(() => provider.reset());
afterAll(() => provider.close());

/** A cache plugin that can be made to hang. */
const plugin = () => {
  const asked = gate();
  const state = { hangs: false, asked: asked.opened };
  const cachePlugin: ICachePlugin = {
    async beforeCacheAccess() {
      if (!state.hangs) return;
      asked.open();
      await never;
    },
    async afterCacheAccess() {
      await Promise.resolve();
    },
  };
  return { state, cache: { cachePlugin } };
};

describe("a cache plugin that hangs holds no call longer than the caller waits:", () => {
  interface Bounds {
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal;
  }
  type Ask = (
    app: ConfidentialClientApplication,
    bounds: Bounds,
    signedIn: AuthenticationResult,
  ) => Promise<unknown>;
  const calls: readonly (readonly [string, Ask])[] = [
    ["for an app", (app, bounds) => app.acquireTokenByClientCredential({ scopes: ["api:app"], ...bounds })],
    [
      "for an app whose token was refused",
      (app, bounds) =>
        app.acquireTokenByClientCredential({ scopes: ["api:app"], refusedToken: "a-token", ...bounds }),
    ],
    [
      "for a user",
      (app, bounds, signedIn) => app.acquireTokenSilent({ scopes, account: accountOf(signedIn), ...bounds }),
    ],
    [
      "for a user in a tenant that is named by its domain",
      (app, bounds, signedIn) =>
        app.acquireTokenSilent({
          scopes,
          authority: "https://login.microsoftonline.com/contoso.example",
          account: { ...accountOf(signedIn), environment: "login.microsoftonline.com" },
          ...bounds,
        }),
    ],
    [
      "on behalf of a user",
      (app, bounds) => app.acquireTokenOnBehalfOf({ scopes, oboAssertion: "an-assertion", ...bounds }),
    ],
    [
      "that signs a user out",
      (app, bounds, signedIn) =>
        app.buildEndSessionUrl({
          account: accountOf(signedIn),
          postLogoutRedirectUri: "https://app.example",
          ...bounds,
        }),
    ],
  ];
  const signedIn = async () => {
    const { state, cache } = plugin();
    const { authorization_endpoint: authorize } = provider.metadata();
    provider.answers.discovery = () => ({
      body: provider.metadata({ end_session_endpoint: String(authorize).replace("authorize", "end") }),
    });
    const app = provider.confidential({ cache });
    const result = await redeem(app);
    state.hangs = true;
    return { app, state, result };
  };

  it.each(calls)("a call %s, by timeoutMs", async (_, call) => {
    const { app, state, result } = await signedIn();
    const deadline = deadlineInHand(timeoutMs);
    try {
      const ended = expect(call(app, { timeoutMs }, result)).rejects.toMatchObject({
        errorCode: "request_timeout",
      });
      await state.asked;
      deadline.pass();
      await ended;
    } finally {
      deadline.restore();
    }
  });

  it.each(calls)("a call %s, by its signal", async (_, call) => {
    const { app, state, result } = await signedIn();
    const controller = new AbortController();
    const ended = expect(call(app, { signal: controller.signal }, result)).rejects.toMatchObject({
      errorCode: "request_aborted",
    });
    await state.asked;
    controller.abort();
    await ended;
  });

  it("a call for an agent's user by name, by its signal", async () => {
    const { state, cache } = plugin();
    state.hangs = true;
    const controller = new AbortController();
    const asking = ask(agentStage().app({ cache }), {
      user: { username: "alice@contoso.example" },
      signal: controller.signal,
    });
    const ended = expect(asking).rejects.toMatchObject({ errorCode: "request_aborted" });
    await state.asked;
    controller.abort();
    await ended;
  });
});

describe("refreshes of one user, which take turns,", () => {
  const callTimeoutMs = 66_666;

  it("share no time: the ones that wait end when their own is over, like the one that is under way", async () => {
    const app = provider.confidential({ system: { callTimeoutMs, retries: 0 } });
    const account = accountOf(await redeem(app));
    const sent = gate();
    provider.answers.token = () => ({ raw: () => sent.open() });
    const deadline = deadlineInHand(callTimeoutMs);
    try {
      const all = ["api:one", "api:two", "api:three"].map((scope) =>
        app.acquireTokenSilent({ scopes: [scope], account }),
      );
      const ended = Promise.allSettled(all);
      await sent.opened;
      deadline.pass();
      expect(await ended).toEqual(
        all.map(() => ({
          status: "rejected",
          reason: expect.objectContaining({ errorCode: "network_error", isRetryable: true }),
        })),
      );
      expect(provider.count("token")).toBe(2);
    } finally {
      deadline.restore();
    }
  });

  it("let a caller leave at once, and nobody overtake those before it", async () => {
    const turns = new KeyedMutex();
    const first = gate();
    const done: string[] = [];
    const run = (name: string, until: Promise<void>, signal?: AbortSignal) =>
      turns.run(
        "a user",
        async () => {
          await until;
          done.push(name);
        },
        signal,
      );
    const controller = new AbortController();
    const running = run("first", first.opened);
    const leaving = run("second", Promise.resolve(), controller.signal);
    const last = run("third", Promise.resolve());
    controller.abort(new Error("gone"));
    await expect(leaving).rejects.toThrow("gone");
    expect(done).toEqual([]);
    first.open();
    await Promise.all([running, last]);
    expect(done).toEqual(["first", "third"]);
  });
});

describe("when less than a fifth of the call's time is left,", () => {
  const callTimeoutMs = 50_000;
  const system = { callTimeoutMs, retries: 0 };
  /** Discovery takes the time of a call but for the rest. */
  const slowDiscovery = (rest: number) => {
    const { discovery } = provider.answers;
    provider.answers.discovery = (request) => {
      provider.clock.advance((callTimeoutMs - rest) / 1000);
      return discovery(request);
    };
  };
  const unsent = {
    errorCode: "network_error",
    isRetryable: true,
    attempts: 0,
    message: expect.stringContaining("callTimeoutMs"),
  };

  it("a code is not sent, and the next call redeems it", async () => {
    slowDiscovery(9_900);
    const app = provider.confidential({ system });
    await expect(redeem(app)).rejects.toMatchObject(unsent);
    expect(provider.count("token")).toBe(0);
    provider.clock.advance(60);
    await expect(redeem(app)).resolves.toHaveProperty("accessToken", "an-access-token");
    expect(provider.count("token")).toBe(1);
  });

  it("a refresh token that is replaced when it is used is not sent, and not lost", async () => {
    const app = provider.confidential({ system });
    const account = accountOf(await redeem(app));
    // The discovery document is too old by then.
    provider.clock.advance(100_000);
    slowDiscovery(9_900);
    const refresh = () => app.acquireTokenSilent({ scopes, account });
    await expect(refresh()).rejects.toMatchObject(unsent);
    expect(provider.count("token")).toBe(1);
    provider.clock.advance(60);
    await expect(refresh()).resolves.toHaveProperty("fromCache", false);
  });

  it("a request that may be repeated is sent", async () => {
    slowDiscovery(9_900);
    const app = provider.confidential({ system });
    await app.acquireTokenByClientCredential({ scopes: ["api:app"] });
    expect(provider.count("token")).toBe(1);
  });
});
