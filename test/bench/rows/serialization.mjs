// A cache of 10,000 accounts taken over from its JSON, and written back: what a cache plugin costs.
import { configuration, userCache } from "../fixtures.mjs";
import { median, stopwatch } from "../measure.mjs";
import { share } from "../table.mjs";

const COUNT = 10_000;

export async function run({ tessera, peer, quick }) {
  const json = userCache(COUNT);
  const samples = { tessera: { read: [], write: [] }, peer: { read: [], write: [] } };
  const libraries = Object.entries({ tessera, peer });
  const rounds = quick ? 3 : 9;
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, { ConfidentialClientApplication }] of round % 2 === 0
      ? libraries
      : [...libraries].reverse()) {
      const cache = new ConfidentialClientApplication(configuration()).getTokenCache();
      const read = timed(() => cache.deserialize(json));
      const write = timed(() => cache.serialize());
      if (round < 0) continue;
      samples[name].read.push(read);
      samples[name].write.push(write);
    }
  }
  const row = (name, step) =>
    share(name, {
      tessera: median(samples.tessera[step]),
      other: median(samples.peer[step]),
      wanted: { most: 1 },
    });
  return [row("deserialize 10,000 accounts", "read"), row("serialize 10,000 accounts", "write")];
}

function timed(work) {
  globalThis.gc();
  const passed = stopwatch();
  work();
  return passed();
}
