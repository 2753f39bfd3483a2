// A token whose answer does not say how long it lives is good for a documented time, until an API refuses it.
// proves: core/src/exchange/cache-first.ts, node/src/authenticated-fetch.ts, core/src/result.ts
import { describe, expect, it } from "@jest/globals";
import {
  createAuthenticatedFetch,
  createMemoryTokenStore,
  type AccountInfo,
  type CacheOptions,
} from "@tessera/node";
import {
  appScopes,
  codeOf,
  differs,
  Network,
  now,
  plugin,
  redirectUri,
  scopes,
  tessera,
  tokens,
  type Answer,
  type App,
} from "../support/cache-stage.js";
import { createTestClock } from "../support/test-clock.js";

const lifeless = (over: Answer = {}): Network =>
  new Network(({ grant_type: grant }) =>
    grant === "client_credentials"
      ? { token_type: "Bearer", access_token: `app-${Math.random()}` }
      : tokens({ expires_in: undefined, ...over }, { exp: now + 864_000 }),
  );
const signIn = async (app: App): Promise<AccountInfo> => {
  const { account } = await app.acquireTokenByCode({ code: "code", scopes, redirectUri });
  if (!account) throw new Error("nobody has signed in");
  return account;
};
const flows: Readonly<
  Record<string, (app: App, account: AccountInfo, over?: object) => ReturnType<typeof silent>>
> = {
  "a user's": silent,
  "an app's": (app, _, over) => app.acquireTokenByClientCredential({ scopes: appScopes, ...over }),
  "on behalf of a user": (app, _, over) =>
    app.acquireTokenOnBehalfOf({ scopes, oboAssertion: "the assertion", ...over }),
};
function silent(app: App, account: AccountInfo, over: object = {}) {
  return app.acquireTokenSilent({ scopes, account, ...over });
}

describe.each(Object.entries(flows))("%s token without expires_in", (whose, ask) => {
  it("is a hit, where the peer sends a request each time", async () => {
    await differs(
      async (library) => {
        const network = lifeless();
        const app = library(network);
        const account = await signIn(app);
        network.forms.length = 0;
        for (let call = 0; call < 5; call += 1) await ask(app, account);
        return network.forms.length;
      },
      whose === "a user's" ? 0 : 1,
      5,
    );
  });

  it.each([
    [undefined, 3300, 3301],
    [86_400, 86_100, 86_101],
    [60, 30, 31],
  ])("is good for cache.defaultLifetimeSeconds, %p: for %d seconds", async (option, last, over) => {
    for (const [age, fromCache] of [
      [last, true],
      [over, false],
    ] as const) {
      const clock = createTestClock(now * 1000);
      const cache = option === undefined ? {} : { defaultLifetimeSeconds: option };
      const app = tessera(lifeless(), { cache, system: { clock } });
      const account = await signIn(app);
      const first = await ask(app, account);
      expect(first.hasAssumedLifetime).toBe(true);
      expect(first.expiresOn?.getTime()).toBe((now + (option ?? 3600)) * 1000);
      clock.advance(age);
      expect(await ask(app, account)).toMatchObject({ fromCache });
    }
  });

  it.each<[string, () => CacheOptions]>([
    ["memory", () => ({})],
    ["a plugin", () => ({ cachePlugin: plugin({ text: "" }) })],
    ["a token store", () => ({ store: createMemoryTokenStore() })],
  ])("is forgotten when an API has refused it: in %s", async (_, options) => {
    const network = lifeless();
    const app = tessera(network, { cache: options() });
    const account = await signIn(app);
    const { accessToken: refusedToken } = await ask(app, account);
    network.forms.length = 0;
    const calls = Array.from({ length: 10 }, () => ask(app, account, { refusedToken }));
    const renewed = new Set((await Promise.all(calls)).map(({ accessToken }) => accessToken));
    expect(renewed.size).toBe(1);
    expect(renewed).not.toContain(refusedToken);
    expect(network.forms).toHaveLength(1);
    expect(renewed).toContain((await ask(app, account, { refusedToken })).accessToken);
    expect(renewed).toContain((await ask(app, account)).accessToken);
  });
});

it.each(["0", 0])("a lifetime of %p is none: the token has expired", async (expires_in) => {
  const app = tessera(lifeless({ expires_in }));
  const account = await signIn(app);
  expect(await silent(app, account)).toMatchObject({ fromCache: false });
  expect(await silent(app, account)).not.toHaveProperty("hasAssumedLifetime");
});

it("a later answer that says the lifetime counts", async () => {
  const clock = createTestClock(now * 1000);
  const network = new Network(({ code }) =>
    tokens({ expires_in: code ? undefined : 7200 }, { exp: now + 864_000 }),
  );
  const app = tessera(network, { system: { clock } });
  const account = await signIn(app);
  clock.advance(3600);
  expect(await silent(app, account)).toMatchObject({ fromCache: false });
  clock.advance(6000);
  expect(await silent(app, account)).toMatchObject({ fromCache: true });
});

describe("a sign-in without lifetime and refresh token", () => {
  it("is followed by tokens, until the API refuses them", async () => {
    const app = tessera(lifeless({ refresh_token: undefined }));
    const account = await signIn(app);
    const { accessToken: refusedToken } = await silent(app, account);
    expect(await silent(app, account, { refusedToken }).catch(codeOf)).toBe("no_tokens_found");
    expect(await silent(app, account).catch(codeOf)).toBe("no_tokens_found");
  });
});

describe("createAuthenticatedFetch, answered with 401 and without a challenge,", () => {
  const url = "https://api.example/orders";
  /** An API that accepts some tokens only, and keeps what it was sent. */
  const api = (accepts: (token: string) => boolean) => {
    const seen: string[] = [];
    const fetch: typeof globalThis.fetch = async (input) => {
      const token = new Request(input).headers.get("authorization") ?? "";
      seen.push(token);
      return new Response("answer", { status: accepts(token) ? 200 : 401 });
    };
    return { seen, fetch };
  };

  it("ends a token of which nobody has said how long it lives, and sends the request once more", async () => {
    const network = lifeless();
    const app = tessera(network);
    const first = await app.acquireToken({ scopes: appScopes });
    const { seen, fetch } = api((token) => token !== `Bearer ${first.accessToken}`);
    const send = createAuthenticatedFetch(app, { scopes: appScopes, fetch });
    expect((await send(url, { method: "POST", body: "text" })).status).toBe(200);
    await send(url);
    expect(new Set(seen).size).toBe(2);
    expect(seen).toHaveLength(3);
    expect(network.forms).toHaveLength(2);
  });

  it("leaves the second refusal to the caller", async () => {
    const { seen, fetch } = api(() => false);
    const send = createAuthenticatedFetch(tessera(lifeless()), { scopes: appScopes, fetch });
    const response = await send(url);
    expect([response.status, await response.text()]).toEqual([401, "answer"]);
    expect(seen).toHaveLength(2);
  });

  it("ends the token also where the body cannot be sent again", async () => {
    const { seen, fetch } = api((token) => seen.length > 1 && token !== seen[0]);
    const send = createAuthenticatedFetch(tessera(lifeless()), { scopes: appScopes, fetch });
    const init = { method: "POST", body: new Blob(["text"]).stream(), duplex: "half" } as RequestInit;
    const response = await send(url, init);
    expect([response.status, await response.text()]).toEqual([401, "answer"]);
    expect((await send(url)).status).toBe(200);
    expect(new Set(seen).size).toBe(2);
  });

  it("keeps a token whose lifetime is known", async () => {
    const network = new Network(() => ({ token_type: "Bearer", access_token: "app", expires_in: 3600 }));
    const { seen, fetch } = api(() => false);
    const send = createAuthenticatedFetch(tessera(network), { scopes: appScopes, fetch });
    expect([(await send(url)).status, (await send(url)).status]).toEqual([401, 401]);
    expect(seen).toEqual(["Bearer app", "Bearer app"]);
    expect(network.forms).toHaveLength(1);
  });
});

it.each([17, {}, null])(
  "a refused token that is none, %p, is refused by name, or absent",
  async (refusedToken) => {
    const ask = tessera(lifeless()).acquireTokenByClientCredential({
      scopes: appScopes,
      refusedToken: refusedToken as never,
    });
    if (refusedToken === null) await expect(ask).resolves.toMatchObject({ fromCache: false });
    else
      await expect(ask).rejects.toMatchObject({
        errorCode: "invalid_option",
        errorMessage: expect.stringMatching(/^refusedToken is a \w+: pass/),
      });
  },
);
