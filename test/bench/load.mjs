/*
 * Load, run by hand: node --expose-gc test/bench/load.mjs [seconds] [cached a second] [cold a second]
 *
 * 50,000 cached and 500 cold calls a second for ten minutes, with a token server over TLS in a process of its own. A cold call
 * sends a request and replaces one of a thousand tokens. Prints what was reached, the longest stop of the event loop, and
 * memory, every tenth of the time; what has to be seen is that memory stays flat and that no call fails.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { ConfidentialClientApplication } from "@tessera/node";
import { metadataOf } from "./fixtures.mjs";

const [seconds, cached, cold] = [600, 50_000, 500].map((usual, index) =>
  Number(process.argv[2 + index] ?? usual),
);
const TICKS_A_SECOND = 100;
const RESOURCES = 1000;
const USERS = 1000;

const server = fork(new URL("token-server.mjs", import.meta.url));
const [{ origin, ca }] = await once(server, "message");
const app = new ConfidentialClientApplication({
  auth: {
    clientId: "the-client",
    clientSecret: "the-secret-of-the-client",
    oidcAuthority: origin,
    authorityMetadata: metadataOf(origin),
  },
  system: { ca, proxy: false },
});
const hit = Array.from({ length: USERS }, (_, index) => ({ scopes: [`api-${index}/.default`] }));
for (const request of hit) await app.acquireTokenByClientCredential(request);
const miss = Array.from({ length: RESOURCES }, (_, index) => ({
  scopes: [`cold-${index}/.default`],
  skipCache: true,
}));

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
let done = { cached: 0, cold: 0, failed: 0 };
let asked = { cached: 0, cold: 0 };
let underWay = 0;
const send = async () => {
  underWay += 1;
  try {
    await app.acquireTokenByClientCredential(miss[asked.cold % RESOURCES]);
    done.cold += 1;
  } catch {
    done.failed += 1;
  } finally {
    underWay -= 1;
  }
};

const MB = 1_048_576;
const startedAt = performance.now();
const reportMs = (seconds * 1000) / 10;
let reportedAt = startedAt;
console.log(
  "    s   cached/s   cold/s   failed   under way   longest stop ms   heap MB   rss MB   processor",
);
let processor = process.cpuUsage();
for (;;) {
  const now = performance.now();
  const passed = (now - startedAt) / 1000;
  // What could not be done in time is left out: the rates below say what was reached.
  const target = { cached: Math.min(passed * cached, asked.cached + cached / 10), cold: passed * cold };
  for (; asked.cached < target.cached; asked.cached += 1) {
    await app.acquireTokenByClientCredential(hit[asked.cached % USERS]);
    done.cached += 1;
  }
  for (; asked.cold < target.cold && underWay < 2 * cold; asked.cold += 1) void send();
  if (now - reportedAt >= reportMs || passed >= seconds) {
    const took = (now - reportedAt) / 1000;
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const used = process.cpuUsage(processor);
    const columns = [
      [passed.toFixed(0), 5],
      [(done.cached / took).toFixed(0), 11],
      [(done.cold / took).toFixed(0), 9],
      [done.failed, 9],
      [underWay, 12],
      [(delay.max / 1e6).toFixed(0), 18],
      [(heapUsed / MB).toFixed(1), 10],
      [(rss / MB).toFixed(0), 9],
      [`${((used.user + used.system) / 1e4 / took).toFixed(0)} %`, 12],
    ];
    console.log(columns.map(([text, width]) => String(text).padStart(width)).join(""));
    done = { cached: 0, cold: 0, failed: 0 };
    processor = process.cpuUsage();
    delay.reset();
    reportedAt = performance.now();
  }
  if (passed >= seconds) break;
  await new Promise((resolve) => setTimeout(resolve, 1000 / TICKS_A_SECOND));
}
while (underWay > 0) await new Promise((resolve) => setTimeout(resolve, 10));
await app.close();
server.kill();
