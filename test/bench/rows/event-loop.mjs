// How long nothing else happens while a cache of 50 MB is loaded, and while it is saved. Beside it, `JSON.parse` of the text.
import { configuration, userCache } from "../fixtures.mjs";
import { median } from "../measure.mjs";
import { share } from "../table.mjs";

const ACCOUNTS = 9000;
const WANTED_NS = 50e6;

export async function run({ tessera, quick }) {
  const json = userCache(ACCOUNTS);
  const times = { load: [], save: [], parse: [] };
  for (let round = -1; round < (quick ? 2 : 5); round += 1) {
    const cache = new tessera.ConfidentialClientApplication(configuration()).getTokenCache();
    const load = await longestStop(() => cache.deserialize(json));
    const save = await longestStop(() => cache.serialize());
    const parse = await longestStop(() => JSON.parse(json));
    if (round < 0) continue;
    times.load.push(load);
    times.save.push(save);
    times.parse.push(parse);
  }
  const row = (name, key) =>
    share(name, { tessera: median(times[key]), other: WANTED_NS, against: "wanted", wanted: { most: 1 } });
  return [
    row("longest stop of the event loop, 50 MB loaded", "load"),
    row("  saved", "save"),
    share("  JSON.parse alone", { tessera: median(times.parse), other: WANTED_NS, against: "wanted" }),
  ];
}

/** Nanoseconds of processor time of the longest turn while some work goes on. */
async function longestStop(work) {
  globalThis.gc();
  let longest = 0;
  let isOver = false;
  const turns = (async () => {
    while (!isOver) {
      const start = process.cpuUsage();
      const clock = process.hrtime.bigint();
      await new Promise(setImmediate);
      const { user, system } = process.cpuUsage(start);
      const passed = Number(process.hrtime.bigint() - clock);
      longest = Math.max(longest, Math.min(passed, (user + system) * 1000));
    }
  })();
  await new Promise(setImmediate);
  await work();
  await new Promise(setImmediate);
  isOver = true;
  await turns;
  return longest;
}
