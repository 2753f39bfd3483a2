// Where the time of a cached call goes, by function and by line of the source.
//
//   node --enable-source-maps test/bench/profile.mjs                  a user's token, 1,000 accounts
//   node --enable-source-maps test/bench/profile.mjs app              an app's token
//   node --enable-source-maps test/bench/profile.mjs accounts         getAllAccounts, 1,000 accounts
//   node --enable-source-maps test/bench/profile.mjs deserialize      10,000 accounts
import { Session } from "node:inspector/promises";
import { findSourceMap } from "node:module";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as tessera from "@tessera/node";
import { account, appCache, appScopes, configuration, scopes, userCache } from "./fixtures.mjs";

const SECONDS = 3;
const root = fileURLToPath(new URL("../..", import.meta.url));

const appWith = (cache) => {
  const app = new tessera.ConfidentialClientApplication(configuration());
  app.getTokenCache().deserialize(cache);
  return app;
};

const CALLS = {
  user() {
    const app = appWith(userCache(1000));
    const accounts = Array.from({ length: 1000 }, (_, index) => account(index));
    return (i) => app.acquireTokenSilent({ account: accounts[i % 1000], scopes });
  },
  app() {
    const app = appWith(appCache(1));
    return () => app.acquireTokenByClientCredential({ scopes: appScopes });
  },
  accounts() {
    const app = appWith(userCache(1000));
    return () => app.getTokenCache().getAllAccounts();
  },
  deserialize() {
    const cache = userCache(10_000);
    return async () => appWith(cache);
  },
};

const [, , name = "user"] = process.argv;
const call = CALLS[name]?.();
if (!call) throw new Error(`${name} is none of ${Object.keys(CALLS).join(", ")}`);

await run(call, 1);
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.setSamplingInterval", { interval: 200 });
await session.post("Profiler.start");
const { calls, ns } = await run(call, SECONDS);
const { profile } = await session.post("Profiler.stop");
console.log(`${calls} calls, ${(ns / calls / 1000).toFixed(2)} µs each while profiled\n`);
print("function", functions(profile));
print("line", lines(profile));

async function run(work, seconds) {
  const start = process.hrtime.bigint();
  const end = start + BigInt(seconds * 1e9);
  let calls = 0;
  do {
    await work(calls);
    calls += 1;
  } while (calls % 16 !== 0 || process.hrtime.bigint() < end);
  return { calls, ns: Number(process.hrtime.bigint() - start) };
}

function functions({ nodes }) {
  const counts = new Map();
  for (const { callFrame, hitCount } of nodes) {
    const { functionName, url, lineNumber, columnNumber } = callFrame;
    add(counts, `${functionName || "(anonymous)"}  ${place(url, lineNumber, columnNumber)}`, hitCount);
  }
  return counts;
}

function lines({ nodes }) {
  const counts = new Map();
  for (const { callFrame, positionTicks = [] } of nodes) {
    // The profiler counts lines from 1, and does not tell columns.
    for (const { line, ticks } of positionTicks) add(counts, place(callFrame.url, line - 1, 0), ticks);
  }
  return counts;
}

function place(url, line, column) {
  if (!url) return "";
  const entry = findSourceMap(url)?.findEntry(line, column);
  const file = entry?.originalSource ?? url;
  const path = file.startsWith("file:") ? relative(root, fileURLToPath(file)) : file;
  return `${path}:${(entry?.originalLine ?? line) + 1}`;
}

function add(counts, key, count) {
  if (count > 0) counts.set(key, (counts.get(key) ?? 0) + count);
}

function print(title, counts) {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  console.log(`self time by ${title}`);
  for (const [key, count] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, 20)) {
    console.log(`${((count / total) * 100).toFixed(1).padStart(6)} %  ${key}`);
  }
  console.log();
}
