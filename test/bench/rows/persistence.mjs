// What it costs to keep the cache on the disk, and how soon a command-line tool has the token it printed yesterday. Beside
// the peer's clear file, which is neither encrypted nor synced to the disk: a crash may leave half of it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FilePersistence, PersistenceCachePlugin } from "@azure/msal-node-extensions";
import { createPersistentCache } from "@tessera/persistence";
import { authorityOf, clientId, tenantId, userCache } from "../fixtures.mjs";
import { measure, median } from "../measure.mjs";
import { share } from "../table.mjs";

const auth = { clientId, authority: authorityOf(tenantId) };
const PROTECTIONS = { clear: "none", encrypted: { passphrase: "of the benchmark" } };

export async function run(context) {
  const folder = await mkdtemp(join(tmpdir(), "tessera-bench-"));
  try {
    const rows = [];
    for (const count of [1, 100]) rows.push(...(await accesses(context, folder, count)));
    return [...rows, ...(await coldStart(context, folder))];
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An access that finds a changed file, and one that changes it. */
async function accesses({ tessera, peer, seconds }, folder, count) {
  const contenders = {};
  for (const [name, protection] of Object.entries(PROTECTIONS)) {
    const directory = join(folder, `${name}-${count}`);
    const plugin = await createPersistentCache({ appName: "bench", directory, protection });
    contenders[name] = { plugin, file: plugin.file, library: tessera };
  }
  const file = join(folder, `peer-${count}.json`);
  const plugin = new PersistenceCachePlugin(await FilePersistence.create(file));
  contenders.peer = { plugin, file, library: peer };

  const loads = {};
  const saves = {};
  for (const [name, { plugin, file, library }] of Object.entries(contenders)) {
    const cache = new library.PublicClientApplication({ auth }).getTokenCache();
    let text = userCache(count);
    const access = async (tokenCache, hasChanged) => {
      const context = new library.TokenCacheContext(tokenCache, hasChanged);
      await plugin.beforeCacheAccess(context);
      await plugin.afterCacheAccess(context);
    };
    const keep = { deserialize: () => {}, serialize: () => text };
    await access(keep, true);
    loads[name] = async (i) => {
      // As if another process had written it.
      const time = Date.now() / 1000 + i;
      await utimes(file, time, time);
      await access(cache, false);
    };
    saves[name] = async (i) => {
      text = `${text.slice(0, text.lastIndexOf("}") + 1)}${" ".repeat(i % 2)}`;
      await access(keep, true);
    };
  }
  const accounts = count === 1 ? "1 account" : `${count} accounts`;
  const rows = (what, timings) =>
    Object.keys(PROTECTIONS).map((name) =>
      share(`${what} ${accounts}, ${name}`, { tessera: timings[name].median, other: timings.peer.median }),
    );
  return [
    ...rows("load", await measure(loads, { seconds })),
    ...rows("save", await measure(saves, { seconds })),
  ];
}

/** Programs that print a cached token, from the start of their process to the token, and one that prints nothing of use. */
async function coldStart({ quick }, folder) {
  const ours = join(folder, "clear-1");
  const theirs = join(folder, "peer-1.json");
  const programs = {
    tessera: ["cli-tessera.mjs", ours],
    peer: ["cli-peer.mjs", theirs],
    tesseraCommonJs: ["cli.cjs", "tessera", ours],
    peerCommonJs: ["cli.cjs", "peer", theirs],
    nothing: ["cli-nothing.mjs"],
    // The same store, opened by the command.
    command: ["../../packages/cli/dist/cli.js", "token"],
  };
  await writeProfile(folder, ours);
  const times = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  for (let round = -1; round < (quick ? 9 : 61); round += 1) {
    for (const [name, [program, ...parameters]] of Object.entries(programs)) {
      const time = await timed(program, parameters, folder);
      // The first round reads the programs from the disk.
      if (round >= 0) times[name].push(time);
    }
  }
  const of = (name) => median(times[name]);
  return [
    share("cold start of a CLI to its cached token", {
      tessera: of("tessera"),
      other: of("peer"),
      wanted: { most: 0.45 },
    }),
    share("  the same in CommonJS", {
      tessera: of("tesseraCommonJs"),
      other: of("peerCommonJs"),
      wanted: { most: 0.6 },
    }),
    share("  beside a program that does nothing", {
      tessera: of("tessera"),
      other: of("nothing"),
      against: "node alone",
    }),
    share("  tessera token, beside it", {
      tessera: of("command"),
      other: of("tessera"),
      against: "its own",
      wanted: { most: 1.15 },
    }),
  ];
}

/** A profile of the command line, with the same tokens. */
async function writeProfile(folder, tokens) {
  const directory = join(folder, "tessera/profiles/default");
  await cp(tokens, directory, { recursive: true });
  const profile = {
    clientId: auth.clientId,
    provider: `authority:${auth.authority}`,
    scopes: ["User.Read"],
    store: "file",
    identity: { kind: "user" },
    bindings: [],
  };
  await writeFile(join(directory, "profile.json"), JSON.stringify(profile));
}

async function timed(program, parameters, data) {
  const path = fileURLToPath(new URL(`../${program}`, import.meta.url));
  const start = process.hrtime.bigint();
  const child = spawn(process.execPath, [path, ...parameters], {
    env: { ...process.env, CLIENT_ID: auth.clientId, AUTHORITY: auth.authority, XDG_DATA_HOME: data },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const [token] = await Promise.race([once(child.stdout, "data"), ended]);
  const time = Number(process.hrtime.bigint() - start);
  const [status] = await ended;
  if (status !== 0 || String(token).trim().split(".").length !== 3)
    throw new Error(`no token: exit ${status}`);
  return time;
}
