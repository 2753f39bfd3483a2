// proves: core/src/cache/storage/turns.ts, core/src/cache/storage/held-turn.ts, core/src/exchange/in-turn.ts
import { describe, expect, it } from "@jest/globals";
import {
  createMemoryTokenStore,
  type AuthenticationResult,
  type TokenStore,
  type Turn,
  type WorkInTurn,
} from "@tessera/node";
import {
  codeOf,
  jwt,
  Network,
  refusal,
  scopes,
  signIn,
  tessera,
  tokens,
  type App,
} from "../support/cache-stage.js";
import { gate } from "../support/gate.js";
import { storedDocument } from "../support/stored.js";

/** Rotates refresh tokens strictly: each is good for one use. */
class Rotating extends Network {
  constructor(answered = Promise.resolve()) {
    let last = 0;
    const used = new Set<string>();
    super(async ({ refresh_token: sent }) => {
      await answered;
      if (sent !== undefined && used.has(sent)) return refusal();
      if (sent !== undefined) used.add(sent);
      return tokens({ refresh_token: `refresh ${(last += 1)}`, access_token: `access ${last}` });
    });
  }
}

/** Applications of several processes: with one object for each process, they share nothing but what is stored. */
function processes(store: TokenStore, network: Network, count: number): readonly App[] {
  return Array.from({ length: count }, () => tessera(network, { cache: { store: { ...store } } }));
}

describe("of the processes that share a store", () => {
  it("one refreshes, the others find its tokens", async () => {
    const network = new Rotating();
    const store = createMemoryTokenStore();
    const [first, ...others] = processes(store, network, 5) as [App, ...App[]];
    const { account } = await signIn(first);
    if (!account) throw new Error("no account");
    // None of the kept tokens is for these scopes.
    const request = { scopes: ["Mail.Read"], account };
    const results = await Promise.all([first, ...others].map((app) => app.acquireTokenSilent(request)));
    expect(network.forms.map(({ refresh_token }) => refresh_token)).toEqual([undefined, "refresh 1"]);
    expect(new Set(results.map(({ accessToken }) => accessToken))).toEqual(new Set(["access 2"]));
  });

  it("each refreshes in its turn when all are forced to, with the token of the one before", async () => {
    const network = new Rotating();
    const apps = processes(createMemoryTokenStore(), network, 4);
    const { account } = await signIn(apps[0] as App);
    if (!account) throw new Error("no account");
    await Promise.all(apps.map((app) => app.acquireTokenSilent({ scopes, account, forceRefresh: true })));
    const sent = network.forms.map(({ refresh_token }) => refresh_token);
    expect(sent).toEqual([undefined, "refresh 1", "refresh 2", "refresh 3", "refresh 4"]);
  });

  const equal: Readonly<Record<string, (app: App) => Promise<AuthenticationResult | null>>> = {
    "on behalf of a user": (app) => app.acquireTokenOnBehalfOf({ scopes, oboAssertion: jwt({ sub: "s" }) }),
    "client credentials": (app) => app.acquireTokenByClientCredential({ scopes: ["https://api/.default"] }),
    "a token exchange": (app) =>
      app.acquireTokenByTokenExchange({ scopes, subjectToken: "subject", subjectTokenType: "access_token" }),
  };
  it.each(Object.keys(equal))("one sends the first of equal requests: %s", async (flow) => {
    const network = new Rotating();
    const apps = processes(createMemoryTokenStore(), network, 5);
    const results = await Promise.all(apps.map(async (app) => equal[flow]?.(app)));
    expect(network.forms).toHaveLength(1);
    expect(results.filter((result) => result?.fromCache)).toHaveLength(4);
  });

  it("different requests do not wait for each other", async () => {
    const answered = gate();
    const network = new Rotating(answered.opened);
    const [first, second] = processes(createMemoryTokenStore(), network, 2) as [App, App];
    const calls = [
      first.acquireTokenByClientCredential({ scopes: ["https://one/.default"] }),
      second.acquireTokenByClientCredential({ scopes: ["https://two/.default"] }),
    ];
    while (network.forms.length < 2) await new Promise(setImmediate);
    answered.open();
    await Promise.all(calls);
  });
});

describe("a process that has lost its turn", () => {
  /** Turns of which those of the given numbers, counted from 1, are lost before anything is sent. */
  function losing(store: TokenStore, lost: readonly number[], meanwhile: () => Promise<unknown>): TokenStore {
    let turns = 0;
    return {
      ...store,
      inTurn<T>(name: string, work: WorkInTurn<T>, signal?: AbortSignal): Promise<T> {
        turns += 1;
        const number = turns;
        if (!lost.includes(number)) return store.inTurn(name, work, signal);
        // The process stands still where it would send: its turn is over by then.
        const turn: Turn = { holds: async () => (await meanwhile(), false) };
        return work.run(turn);
      },
    };
  }

  it("sends nothing: it looks again, and finds the tokens of the process that has it now", async () => {
    const network = new Rotating();
    const store = createMemoryTokenStore();
    const [other] = processes(store, network, 1) as [App];
    const { account } = await signIn(other);
    if (!account) throw new Error("no account");
    const request = { scopes: ["Mail.Read"], account };
    const late = tessera(network, {
      cache: { store: losing(store, [1], () => other.acquireTokenSilent(request)) },
    });
    expect(await late.acquireTokenSilent(request)).toMatchObject({
      fromCache: true,
      accessToken: "access 2",
    });
    expect(network.forms).toHaveLength(2);
  });

  it("takes another turn when there is nothing to find", async () => {
    const network = new Rotating();
    const store = createMemoryTokenStore();
    const [other] = processes(store, network, 1) as [App];
    const { account } = await signIn(other);
    if (!account) throw new Error("no account");
    const late = tessera(network, { cache: { store: losing(store, [1, 2], async () => undefined) } });
    await late.acquireTokenSilent({ scopes: ["Mail.Read"], account });
    expect(network.forms.map(({ refresh_token }) => refresh_token)).toEqual([undefined, "refresh 1"]);
  });

  it("gives up when that happens again and again", async () => {
    const store = losing(createMemoryTokenStore(), [1, 2, 3, 4, 5], async () => undefined);
    const network = new Rotating();
    const app = tessera(network, { cache: { store } });
    const call = app.acquireTokenByClientCredential({ scopes: ["https://api/.default"] });
    expect(await call.catch(codeOf)).toBe("cache_store_failed");
    expect(network.forms).toHaveLength(0);
  });

  it("saves the answer to what it has sent, without the turn", async () => {
    const network = new Rotating();
    const store = createMemoryTokenStore();
    const turns: (Turn | undefined)[] = [];
    const late: TokenStore = {
      ...store,
      update(partition, change, turn) {
        turns.push(turn);
        return turn ? Promise.resolve("fenced") : store.update(partition, change);
      },
    };
    const [other] = processes(store, network, 1) as [App];
    const { account } = await signIn(other);
    if (!account) throw new Error("no account");
    const app = tessera(network, { cache: { store: late } });
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
    expect(turns).toEqual([expect.anything(), undefined]);
    expect(await storedDocument(store, `user:${account.homeAccountId}`)).toContain('"refresh 2"');
  });
});
