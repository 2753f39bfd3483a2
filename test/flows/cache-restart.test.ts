import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  createMemoryTokenStore,
  type AccountInfo,
  type CacheOptions,
  type ClientApplication,
} from "@tessera/node";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { filePlugin } from "../support/file-plugin.js";
import { isFull } from "../support/sample.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const scopes = ["https://graph.microsoft.com/User.Read"];

const COUNT = isFull ? 50 : 15;

describe.each(["a plugin", "a token store"])(
  `${COUNT} silent calls at once after a restart, with %s`,
  (kind) => {
    const users = Array.from({ length: COUNT }, (_, index) => ({ username: `user${index}@contoso.example` }));
    const scopeSets = users.map((_, index) => [`https://graph.microsoft.com/Things.Read.${index}`]);
    const file = { text: "" };
    let entra: Entra;
    let cache: CacheOptions;
    let accounts: readonly AccountInfo[];
    const restart = (): ClientApplication => entra.publicClient({ cache, system: { ca: [] } });

    beforeAll(async () => {
      // A refresh token works once: whoever loses the one that came for it has lost the user.
      entra = await startEntra({
        http: true,
        refreshTokenRotation: "strict",
        tenants: [{ domain: "contoso.example", users }],
      });
      cache =
        kind === "a plugin"
          ? { cachePlugin: filePlugin(file) }
          : { store: createMemoryTokenStore(entra.clock) };
      const app = restart();
      accounts = await Promise.all(
        users.map(async ({ username }) => accountOf(await signInWithCode(entra, app, scopes, username))),
      );
    });
    afterAll(() => entra.close());

    it.each([1, 2])(
      "renew all users in %d application(s), and lose none of their refresh tokens",
      async (apps) => {
        for (const round of ["first", "second"]) {
          entra.clock.advance(3600);
          const restarted = Array.from({ length: apps }, restart);
          const calls = accounts.flatMap((account) =>
            restarted.map((app) => app.acquireTokenSilent({ scopes, account })),
          );
          const tokens = (await Promise.all(calls)).map(({ accessToken }) => accessToken);
          expect([round, new Set(tokens).size]).toEqual([round, COUNT]);
        }
      },
    );

    it("get the scope sets of one user in two applications with a request for each, and the refresh token lives on", async () => {
      const account = accounts[0] as AccountInfo;
      entra.authority.clearRequests();
      const restarted = [restart(), restart()];
      await Promise.all(
        scopeSets.flatMap((set) => restarted.map((app) => app.acquireTokenSilent({ scopes: set, account }))),
      );
      expect(entra.tokenRequests()).toBe(COUNT);
      entra.clock.advance(3600);
      expect(await restart().acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: false });
    });
  },
);
