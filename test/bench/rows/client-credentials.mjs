// An app token from the cache: with one tenant, and as a service that works in 10,000 tenants asks for it.
import { appCache, appScopes, authorityOf, configuration, tenant } from "../fixtures.mjs";
import { measure } from "../measure.mjs";
import { faster, share } from "../table.mjs";

const MANY = 10_000;

export async function run({ tessera, peer, seconds }) {
  const appWith = ({ ConfidentialClientApplication }, cache) => {
    const app = new ConfidentialClientApplication(configuration());
    app.getTokenCache().deserialize(cache);
    return app;
  };
  const one = appWith(tessera, appCache(1));
  const peerOne = appWith(peer, appCache(1));
  const cached = (app) => () => app.acquireTokenByClientCredential({ scopes: appScopes });
  // Before the peer and without it: what it leaves behind is collected while others run.
  const { tessera: alone } = await measure({ tessera: cached(one) }, { seconds });
  const few = await measure({ tessera: cached(one), peer: cached(peerOne) }, { seconds });

  const many = appWith(tessera, appCache(MANY));
  const authorities = Array.from({ length: MANY }, (_, index) => authorityOf(tenant(index)));
  const large = await measure(
    {
      one: () => one.acquireTokenByClientCredential({ scopes: appScopes, authority: authorities[0] }),
      sameOfMany: () =>
        many.acquireTokenByClientCredential({ scopes: appScopes, authority: authorities[5000] }),
      eachOfMany: (i) =>
        many.acquireTokenByClientCredential({ scopes: appScopes, authority: authorities[i % MANY] }),
    },
    { seconds },
  );
  const against = "its own, 1 tenant";
  return [
    faster("cached client credential, 1 tenant", {
      tessera: few.tessera.median,
      other: few.peer.median,
      wanted: { least: 15 },
    }),
    share("  beside a microsecond", {
      tessera: alone.median,
      other: 1000,
      against: "a microsecond",
      wanted: { most: 1 },
    }),
    share("  one of 10,000 tenants", {
      tessera: large.sameOfMany.median,
      other: large.one.median,
      against,
      wanted: { most: 1.5 },
    }),
    share("  all 10,000 tenants in turn", {
      tessera: large.eachOfMany.median,
      other: large.one.median,
      against,
    }),
  ];
}
