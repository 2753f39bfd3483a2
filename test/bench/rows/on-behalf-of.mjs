// A middle tier that acts on behalf of whoever calls it: one token for each assertion. Every call hashes its assertion.
import { hash } from "node:crypto";
import { assertion, configuration, onBehalfOfCaches, scopes } from "../fixtures.mjs";
import { measure } from "../measure.mjs";
import { faster, share } from "../table.mjs";

const MANY = 100_000;

export async function run({ tessera, peer, seconds }) {
  const appWith = ({ ConfidentialClientApplication }, count) => {
    const app = new ConfidentialClientApplication(configuration());
    for (const cache of onBehalfOfCaches(count)) app.getTokenCache().deserialize(cache);
    return app;
  };
  const assertions = Array.from({ length: MANY }, (_, index) => assertion(index));
  const call = (app) => (i) => app.acquireTokenOnBehalfOf({ oboAssertion: assertions[i], scopes });
  const one = call(appWith(tessera, 1));
  const peerOne = call(appWith(peer, 1));
  // Before the peer and without it: what it leaves behind is collected while others run.
  const { tessera: alone, hash: least } = await measure(
    { tessera: () => one(0), hash: async () => hash("sha256", assertions[0], "base64url") },
    { seconds },
  );
  const few = await measure({ tessera: () => one(0), peer: () => peerOne(0) }, { seconds });
  const many = call(appWith(tessera, MANY));
  const large = await measure(
    { one: () => one(0), sameOfMany: () => many(MANY / 2), eachOfMany: (i) => many((i * 7919) % MANY) },
    { seconds },
  );
  const beside = { other: large.one.median, against: "its own, 1 assertion" };
  return [
    faster("cached on-behalf-of, 1 assertion", { tessera: few.tessera.median, other: few.peer.median }),
    // 2.5 µs beside the 1.4 µs of the hash, on any machine.
    share("  beside the SHA-256 of the assertion", {
      tessera: alone.median,
      other: least.median,
      against: "the hash",
      wanted: { most: 2.5 / 1.4 },
    }),
    share("  one of 100,000 assertions", {
      tessera: large.sameOfMany.median,
      ...beside,
      wanted: { most: 1.5 },
    }),
    share("  all 100,000 assertions in turn", { tessera: large.eachOfMany.median, ...beside }),
  ];
}
