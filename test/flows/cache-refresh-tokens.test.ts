// proves: core/src/flows/silent.ts, core/src/flows/sign-in-again.ts, core/src/flows/refresh-token.ts
import { describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore, type AccountInfo } from "@tessera/node";
import {
  accessToken,
  account,
  clientId,
  codeOf,
  differs,
  document,
  home,
  msal,
  Network,
  now,
  other,
  plugin,
  refreshToken,
  refusal,
  scopes,
  signIn,
  tessera,
  tokens,
  type Entities,
  type Library,
} from "../support/cache-stage.js";
import { createTestClock } from "../support/test-clock.js";
import { putStored } from "../support/stored.js";

describe("a refresh token", () => {
  it("that has expired is not sent, also after it was written down and read back", async () => {
    await differs(
      async (library) => {
        const network = new Network(() => tokens({ expires_in: 10, refresh_token_expires_in: 200 }));
        const first = library(network);
        const { account: known } = await signIn(first);
        // As 150 seconds later, for the one that takes a clock.
        const restarted = library(network, { system: { clock: createTestClock(Date.now() + 150_000) } });
        restarted.getTokenCache().deserialize(first.getTokenCache().serialize());
        const outcome = await restarted
          .acquireTokenSilent({ scopes, account: known as AccountInfo })
          .then(() => "sent", codeOf);
        return [outcome, network.forms.length];
      },
      ["refresh_token_expired", 1],
      ["sent", 2],
    );
  });

  it("counts as expired five minutes before its end, or as the request says", async () => {
    const app = tessera(new Network());
    app.getTokenCache().deserialize(document({ RefreshToken: refreshToken({ expires_on: `${now + 400}` }) }));
    const silent = (refreshTokenExpirationOffsetSeconds?: number) =>
      app
        .acquireTokenSilent({ scopes: ["Mail.Read"], account, refreshTokenExpirationOffsetSeconds })
        .then(({ fromCache }) => fromCache, codeOf);
    expect(await silent(500)).toBe("refresh_token_expired");
    expect(await silent()).toBe(false);
  });

  it("of the family serves every client of the family", async () => {
    const text = document({
      RefreshToken: refreshToken({ client_id: other, family_id: "1", secret: "family" }),
      AppMetadata: {
        [`appmetadata-login.windows.net-${clientId}`]: {
          client_id: clientId,
          environment: "login.windows.net",
          family_id: "1",
        },
      },
    });
    await differs(
      async (library) => {
        const network = new Network(() => tokens({ foci: "1" }));
        const app = library(network);
        app.getTokenCache().deserialize(text);
        const outcome = await app.acquireTokenSilent({ scopes, account }).then(() => "renewed", codeOf);
        return [outcome, network.forms[0]?.["refresh_token"]];
      },
      ["renewed", "family"],
      ["no_tokens_found", undefined],
    );
  });

  it.each([true, false])(
    "of the family gives way to the client's own when the server says that it is for others (family known: %s)",
    async (known) => {
      const metadata = {
        [`appmetadata-login.windows.net-${clientId}`]: {
          client_id: clientId,
          environment: "login.windows.net",
          family_id: "1",
        },
      };
      const network = new Network(({ refresh_token }) =>
        refresh_token === "family" ? refusal("client_mismatch") : tokens(),
      );
      const app = tessera(network);
      const RefreshToken = {
        ...refreshToken({ secret: "own" }),
        ...refreshToken({ client_id: other, family_id: "1", secret: "family" }),
      };
      app
        .getTokenCache()
        .deserialize(document({ RefreshToken, ...(known ? { AppMetadata: metadata } : {}) }));
      await app.acquireTokenSilent({ scopes, account });
      expect(network.forms.map(({ refresh_token }) => refresh_token)).toEqual(
        known ? ["family", "own"] : ["own"],
      );
    },
  );

  it.each([
    {
      newest: "first",
      says: "by itself",
      stamp: (age: number) => ({ last_modification_time: `${now - age}` }),
    },
    {
      newest: "last",
      says: "by itself",
      stamp: (age: number) => ({ last_modification_time: `${now - age}` }),
    },
    { newest: "first", says: "by the access token beside it", stamp: () => ({}) },
  ])(
    "kept twice, under two names of the host, is the one written last, though it be $newest; the other goes (known $says)",
    async ({ newest, stamp }) => {
      const at = (environment: string, age: number, secret: string): [Entities, Entities] => [
        refreshToken({ environment, secret, ...stamp(age) }),
        accessToken({
          environment,
          cached_at: `${now - age}`,
          expires_on: `${now - 1}`,
          extended_expires_on: `${now + 60}`,
        }),
      ];
      const both = [at("login.windows.net", 10, "fresh"), at("login.microsoftonline.com", 1000, "stale")];
      if (newest === "last") both.reverse();
      const text = document({
        RefreshToken: Object.assign({}, ...both.map(([one]) => one)) as Entities,
        AccessToken: Object.assign({}, ...both.map(([, one]) => one)) as Entities,
      });
      const run = async (library: Library): Promise<unknown> => {
        const network = new Network();
        const app = library(network);
        app.getTokenCache().deserialize(text);
        await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
        const { RefreshToken } = JSON.parse(app.getTokenCache().serialize()) as { RefreshToken: object };
        return [network.forms[0]?.["refresh_token"], Object.keys(RefreshToken).length];
      };
      expect(await run(tessera)).toEqual(["fresh", 1]);
      expect(await run(msal)).toEqual([newest === "first" ? "fresh" : "stale", 2]);
    },
  );

  it.each(["a plugin", "a token store"])(
    "that a sibling has renewed meanwhile is not the end: %s is read once more",
    async (kept) => {
      const partition = `user:${home}`;
      const [stale, renewed] = ["stale", "renewed"].map((secret) =>
        document({ RefreshToken: refreshToken({ secret }) }),
      ) as [string, string];
      await differs(
        async (library) => {
          const file = { text: stale };
          const store = createMemoryTokenStore();
          await putStored(store, partition, stale);
          const network = new Network(async ({ refresh_token }) => {
            if (refresh_token === "renewed") return tokens();
            file.text = renewed;
            await putStored(store, partition, renewed);
            return refusal();
          });
          const cache = kept === "a plugin" || library === msal ? { cachePlugin: plugin(file) } : { store };
          const outcome = await library(network, { cache })
            .acquireTokenSilent({ scopes, account })
            .then(() => "a token", codeOf);
          return [outcome, network.forms.map(({ refresh_token }) => refresh_token)];
        },
        ["a token", ["stale", "renewed"]],
        ["invalid_grant", ["stale"]],
      );
    },
  );

  it("that is bad leaves the cache, and is not sent again", async () => {
    const network = new Network(() => refusal("bad_token"));
    const app = tessera(network);
    app.getTokenCache().deserialize(document({ RefreshToken: refreshToken() }));
    const silent = () => app.acquireTokenSilent({ scopes, account }).catch(codeOf);
    expect([await silent(), await silent()]).toEqual(["invalid_grant", "no_tokens_found"]);
    expect(network.forms).toHaveLength(1);
  });

  it("that is refused for another reason stays: tomorrow it may do", async () => {
    const network: Network = new Network(() =>
      network.forms.length === 1 ? refusal("basic_action") : tokens(),
    );
    const clock = createTestClock();
    const app = tessera(network, { system: { clock } });
    app.getTokenCache().deserialize(document({ RefreshToken: refreshToken() }));
    const silent = () =>
      app.acquireTokenSilent({ scopes, account }).then(({ fromCache }) => fromCache, codeOf);
    expect(await silent()).toBe("invalid_grant");
    clock.advance(3600);
    expect(await silent()).toBe(false);
  });
});
