// Listing everyone who has signed in.
import { configuration, userCache } from "../fixtures.mjs";
import { measure } from "../measure.mjs";
import { faster } from "../table.mjs";

const COUNT = 1000;

export async function run({ tessera, peer, seconds }) {
  const cache = userCache(COUNT);
  const list = ({ ConfidentialClientApplication }) => {
    const app = new ConfidentialClientApplication(configuration());
    app.getTokenCache().deserialize(cache);
    return async () => {
      const found = await app.getTokenCache().getAllAccounts();
      if (found.length !== COUNT) throw new Error(`${found.length} accounts, not ${COUNT}`);
    };
  };
  const times = await measure({ tessera: list(tessera), peer: list(peer) }, { seconds });
  return [
    faster("getAllAccounts of 1,000", {
      tessera: times.tessera.median,
      other: times.peer.median,
      wanted: { least: 500 },
    }),
  ];
}
