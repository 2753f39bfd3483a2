// The first list of accounts after a cache was loaded, in which each ID token is decoded. Beside it, the JSON of these tokens
// alone.
import { Buffer } from "node:buffer";
import { configuration, userCache } from "../fixtures.mjs";
import { median, stopwatch } from "../measure.mjs";
import { faster, share } from "../table.mjs";

const COUNT = 1000;

export async function run({ tessera, peer, quick }) {
  const json = userCache(COUNT);
  const tokens = Object.values(JSON.parse(json).IdToken).map(({ secret }) => secret);
  const times = { tessera: [], peer: [], decoding: [] };
  const list = async ({ ConfidentialClientApplication }) => {
    const cache = new ConfidentialClientApplication(configuration()).getTokenCache();
    cache.deserialize(json);
    globalThis.gc();
    const passed = stopwatch();
    const { length } = await cache.getAllAccounts();
    const time = passed();
    if (length !== COUNT) throw new Error(`${length} accounts`);
    return time;
  };
  // A thousand users are soon listed, and code that has not been compiled yet takes several times as long.
  for (let round = -20; round < (quick ? 7 : 15); round += 1) {
    const ours = await list(tessera);
    globalThis.gc();
    const passed = stopwatch();
    for (const token of tokens) decoded(token);
    const decoding = passed();
    if (round < 0) continue;
    times.tessera.push(ours);
    times.decoding.push(decoding);
  }
  // After the others: what it leaves behind is collected while others run.
  for (let round = 0; round < 2; round += 1) times.peer.push(await list(peer));
  return [
    faster("first getAllAccounts of 1,000, loaded", {
      tessera: median(times.tessera),
      other: median(times.peer),
    }),
    share("  beside the JSON of their ID tokens", {
      tessera: median(times.tessera),
      other: median(times.decoding),
      against: "decoding",
      wanted: { most: 2 },
    }),
  ];
}

const decoded = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString("utf8"));
