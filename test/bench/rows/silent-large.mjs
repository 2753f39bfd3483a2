// A server with 100,000 signed-in users. The peer is not asked: one call would take it a third of a second.
import { account, configuration, scopes, userCache, userCaches } from "../fixtures.mjs";
import { measure } from "../measure.mjs";
import { share } from "../table.mjs";

const MANY = 100_000;

export async function run({ tessera, seconds }) {
  const appWith = (caches) => {
    const app = new tessera.ConfidentialClientApplication(configuration());
    for (const cache of caches) app.getTokenCache().deserialize(cache);
    return app;
  };
  const accounts = Array.from({ length: MANY }, (_, index) => account(index));
  const one = appWith([userCache(1)]);
  const many = appWith(userCaches(MANY));
  // Each user once, so that the ID tokens are decoded.
  for (const user of accounts) await many.acquireTokenSilent({ account: user, scopes });

  const times = await measure(
    {
      one: () => one.acquireTokenSilent({ account: accounts[0], scopes }),
      sameOfMany: () => many.acquireTokenSilent({ account: accounts[MANY / 2], scopes }),
      // 7919 shares no factor with 100,000: every user has a turn, and the next one is never a neighbour.
      eachOfMany: (i) => many.acquireTokenSilent({ account: accounts[(i * 7919) % MANY], scopes }),
    },
    { seconds },
  );
  const beside = { other: times.one.median, against: "its own, 1 account" };
  return [
    share("cached silent, one of 100,000 accounts", {
      tessera: times.sameOfMany.median,
      ...beside,
      wanted: { most: 1.5 },
    }),
    share("  all 100,000 accounts in turn", { tessera: times.eachOfMany.median, ...beside }),
  ];
}
