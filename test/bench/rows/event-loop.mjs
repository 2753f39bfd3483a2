// How long nothing else happens while a plugin loads a cache of 50 MB, and while it saves one. Beside it, `JSON.parse` and
// `JSON.stringify` of the whole.
import { account, configuration, scopes, userCache } from "../fixtures.mjs";
import { median } from "../measure.mjs";
import { share } from "../table.mjs";

const ACCOUNTS = 9000;
const WANTED_NS = 50e6;

export async function run({ tessera, quick }) {
  let stored = userCache(ACCOUNTS);
  const times = { load: [], save: [], parse: [], write: [] };
  const cachePlugin = {
    beforeCacheAccess: async ({ tokenCache }) => tokenCache.deserialize(stored),
    afterCacheAccess: async ({ cacheHasChanged, tokenCache }) => {
      if (cacheHasChanged) stored = tokenCache.serialize();
    },
  };
  for (let round = 0; round < (quick ? 3 : 6); round += 1) {
    const app = new tessera.ConfidentialClientApplication({ ...configuration(), cache: { cachePlugin } });
    const user = account(ACCOUNTS - 1 - round);
    const load = await longestStop(async () => {
      const { fromCache } = await app.acquireTokenSilent({ account: user, scopes });
      if (!fromCache) throw new Error("not from the cache");
    });
    const before = stored.length;
    const save = await longestStop(() => app.getTokenCache().removeAccount(user));
    if (stored.length >= before) throw new Error("not saved");
    let document;
    const parse = await longestStop(() => void (document = JSON.parse(stored)));
    const write = await longestStop(() => void JSON.stringify(document));
    if (round === 0) continue;
    times.load.push(load);
    times.save.push(save);
    times.parse.push(parse);
    times.write.push(write);
  }
  const row = (name, key, wanted) =>
    share(name, { tessera: median(times[key]), other: WANTED_NS, against: "wanted", wanted });
  return [
    row("longest stop of the event loop, 50 MB loaded", "load", { most: 1 }),
    row("  saved", "save", { most: 1 }),
    row("  JSON.parse alone", "parse"),
    row("  JSON.stringify alone", "write"),
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
