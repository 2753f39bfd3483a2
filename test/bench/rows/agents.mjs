// An agent's token from the cache: as itself, and as a user. The peer has an application for each agent, and the user's account.
import {
  account,
  appCache,
  appScopes,
  authorityOf,
  clientId as agentId,
  configuration,
  scopes,
  tenantId,
  userCache,
} from "../fixtures.mjs";
import { measure } from "../measure.mjs";
import { faster, share } from "../table.mjs";

const blueprint = {
  auth: {
    clientId: "50000000-0000-4000-8000-00000000ca11",
    clientSecret: "a-secret-of-the-benchmark",
    authority: authorityOf(tenantId),
  },
};

export async function run({ tessera, peer, seconds }) {
  const appWith = ({ ConfidentialClientApplication }, own) => {
    const app = new ConfidentialClientApplication({ ...configuration(), ...own });
    for (const cache of [appCache(1), userCache(1)]) app.getTokenCache().deserialize(cache);
    return app;
  };
  const ours = appWith(tessera, blueprint);
  const plain = appWith(tessera);
  const theirs = appWith(peer);
  const alice = account(0);
  const { username, localAccountId: objectId } = alice;

  const asItself = await measure(
    {
      tessera: () => ours.acquireTokenForAgent({ agentId, scopes: appScopes }),
      plain: () => plain.acquireTokenByClientCredential({ scopes: appScopes }),
      peer: () => theirs.acquireTokenByClientCredential({ scopes: appScopes }),
    },
    { seconds },
  );
  const asUser = await measure(
    {
      byId: () => ours.acquireTokenForAgent({ agentId, scopes, user: { objectId } }),
      byName: () => ours.acquireTokenForAgent({ agentId, scopes, user: { username } }),
      plain: () => plain.acquireTokenSilent({ account: alice, scopes }),
      peer: () => theirs.acquireTokenSilent({ account: alice, scopes }),
    },
    { seconds },
  );
  const wanted = { least: 20 };
  const other = asUser.peer.median;
  return [
    faster("cached agent token, as itself", {
      tessera: asItself.tessera.median,
      other: asItself.peer.median,
      wanted,
    }),
    share("  beside a client credential", {
      tessera: asItself.tessera.median,
      other: asItself.plain.median,
      against: "its own",
    }),
    faster("cached agent token, as a user by object id", { tessera: asUser.byId.median, other, wanted }),
    faster("  by user name", { tessera: asUser.byName.median, other, wanted }),
    share("  beside a user's silent call", {
      tessera: asUser.byName.median,
      other: asUser.plain.median,
      against: "its own",
    }),
  ];
}
