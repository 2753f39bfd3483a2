// A signed-in user's token from the cache, beside the floor and the peer.
import { account, configuration, scopes, userCache } from "../fixtures.mjs";
import { floorOf } from "../floor.mjs";
import { measure } from "../measure.mjs";
import { faster, share } from "../table.mjs";

export async function run(context) {
  const one = await withAccounts(1, context);
  const thousand = await withAccounts(1000, context);
  return [
    faster("cached silent, 1 account", { ...pair(one), wanted: { least: 25 } }),
    faster("cached silent, 1,000 accounts", { ...pair(thousand), wanted: { least: 1000 } }),
    share("cached silent, 1 account", {
      tessera: one.tessera.median,
      other: one.floor.median,
      against: "the floor",
      wanted: { most: 3 },
    }),
  ];
}

async function withAccounts(count, { tessera, peer, seconds }) {
  const cache = userCache(count);
  const appWith = ({ ConfidentialClientApplication }) => {
    const app = new ConfidentialClientApplication(configuration());
    app.getTokenCache().deserialize(cache);
    return app;
  };
  const accounts = Array.from({ length: count }, (_, index) => account(index));
  const ours = appWith(tessera);
  const theirs = appWith(peer);
  const floor = await floorOf(ours, accounts);
  return measure(
    {
      tessera: (i) => ours.acquireTokenSilent({ account: accounts[i % count], scopes }),
      peer: (i) => theirs.acquireTokenSilent({ account: accounts[i % count], scopes }),
      floor: (i) => floor({ account: accounts[i % count], scopes }),
    },
    { seconds },
  );
}

const pair = ({ tessera, peer }) => ({ tessera: tessera.median, other: peer.median });
