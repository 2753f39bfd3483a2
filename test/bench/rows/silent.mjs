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
      tessera: one.alone.median,
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
  const silent = (app) => (i) => app.acquireTokenSilent({ account: accounts[i % count], scopes });
  // Before the peer and without it: what it leaves behind is collected while others run.
  const { tessera: alone, floor: least } = await measure(
    { tessera: silent(ours), floor: (i) => floor({ account: accounts[i % count], scopes }) },
    { seconds },
  );
  const beside = await measure({ tessera: silent(ours), peer: silent(theirs) }, { seconds });
  return { ...beside, alone, floor: least };
}

const pair = ({ tessera, peer }) => ({ tessera: tessera.median, other: peer.median });
