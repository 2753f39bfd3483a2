// A refresh token that a process has sent is not sent by another one: not while the first is suspended, nor after it was killed.
// proves: persistence/src/lock/sent-mark.ts, core/src/cache/storage/held-turn.ts, core/src/cache/storage/turns.ts,
// proves: core/src/cache/storage/unsaved-refreshes.ts
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AccountInfo, ICachePlugin } from "@tessera/node";
import { createPersistentCache, PersistenceError } from "@tessera/persistence";
import { sentMark } from "../../packages/persistence/src/lock/sent-mark.js";
import { root } from "../packages/workspace.js";
import { clientId, redeem, scopes, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { eventually } from "../support/eventually.js";
import { gate, type Gate } from "../support/gate.js";
import { startHeldPort } from "../support/held-port.js";

let provider: FakeProvider;
let directory: string;
/** The answer to the first refresh waits for it. */
let answered: Gate;
let sent: string[];
const children: ChildProcessWithoutNullStreams[] = [];
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sent-mark-"));
  provider.reset();
  answered = gate();
  sent = [];
  provider.answers.token = async ({ form }) => {
    const { refresh_token: refreshToken } = form;
    if (refreshToken !== undefined) sent.push(refreshToken);
    const count = sent.length;
    if (count === 1 && refreshToken !== undefined) await answered.opened;
    return { body: provider.tokens({ access_token: `token ${count}`, refresh_token: `refresh ${count}` }) };
  };
  const cachePlugin = await createPersistentCache(cache());
  const app = provider.publicClient({ cache: { cachePlugin } });
  await redeem(app);
});
afterEach(async () => {
  answered.open();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(directory, { recursive: true });
});

const cache = () => ({ appName: "test", directory, protection: "none" as const });

const program = `
  import { PublicClientApplication } from "@tessera/node";
  import { createPersistentCache } from "@tessera/persistence";
  const { clientId, oidcAuthority, cache, scopes, now } = JSON.parse(process.env.SETTINGS);
  const cachePlugin = await createPersistentCache(cache);
  const app = new PublicClientApplication({
    auth: { clientId, oidcAuthority },
    cache: { cachePlugin },
    system: { proxy: false, clock: { now: () => now } },
  });
  const [account] = await app.getAllAccounts();
  console.log("ready");
  const renewed = app.acquireTokenSilent({ account, scopes });
  console.log(await renewed.then(({ accessToken }) => accessToken, ({ name, errorCode }) => name + " " + errorCode));
`;

/** Starts a process whose token has expired. Returns it, and what it says at last. */
function start() {
  const now = provider.clock.now() + 4_000_000;
  const settings = { clientId, oidcAuthority: provider.url, cache: cache(), scopes, now };
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: join(root, "packages/persistence"),
    env: { PATH: process.env["PATH"], SETTINGS: JSON.stringify(settings) },
  });
  children.push(child);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, "close").then(() => output.trim().split("\n").at(-1));
  const ready = async (): Promise<void> => {
    while (!output.includes("ready")) await once(child.stdout, "data");
  };
  return { child, ended, ready };
}

const tickets = async (): Promise<string[]> =>
  (await readdir(join(directory, "locks"))).filter((name) => /^refresh-[^-]+\.\d/.test(name));
const isSent = async (): Promise<void> => {
  while (sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
};

it("a process that is killed in the middle of a refresh: the next one does not send the token again", async () => {
  const first = start();
  await isSent();
  first.child.kill("SIGKILL");
  await first.ended;
  expect(await start().ended).toBe("InteractionRequiredAuthError no_tokens_found");
  expect(sent).toEqual(["refresh 0"]);
  // The user signs in, with another refresh token.
  await redeem(provider.publicClient({ cache: { cachePlugin: await createPersistentCache(cache()) } }));
  answered.open();
  provider.clock.advance(4_000_000);
  expect(await start().ended).toBe("token 2");
});

it("a process that is killed while it connects has sent nothing: the next one does", async () => {
  const held = await startHeldPort();
  const unreachable = provider.metadata({ token_endpoint: `https://localhost:${held.port}/token` });
  provider.answers.discovery = () => ({ body: unreachable });
  const first = start();
  await held.reached;
  first.child.kill("SIGKILL");
  await first.ended;
  await held.close();
  provider.answers.discovery = () => ({ body: provider.metadata() });
  answered.open();
  expect(await start().ended).toBe("token 1");
  expect(sent).toEqual(["refresh 0"]);
});

it("a process that is suspended in the middle of a refresh: the next one waits, and gets its token", async () => {
  const first = start();
  await isSent();
  first.child.kill("SIGSTOP");
  const second = start();
  await second.ready();
  // It has taken a ticket, and waits for its turn.
  while ((await tickets()).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  answered.open();
  expect(sent).toEqual(["refresh 0"]);
  first.child.kill("SIGCONT");
  expect(await first.ended).toBe("token 1");
  expect(await second.ended).toBe("token 1");
  expect(sent).toEqual(["refresh 0"]);
  expect((await readdir(join(directory, "locks"))).filter((name) => name.includes("-sent."))).toEqual([]);
});

it("an answer that cannot be saved is kept, and saved later; meanwhile no other process sends the token again", async () => {
  answered.open();
  const plugin = await createPersistentCache(cache());
  let isFull = true;
  const cachePlugin: ICachePlugin = {
    ...plugin,
    afterCacheAccess: async (context) => {
      const fails = isFull && context.cacheHasChanged;
      if (fails) context.hasChanged = false;
      await plugin.afterCacheAccess(context);
      if (fails) throw new PersistenceError("storage_failed", "the disk is full");
    },
  };
  const apps = [cachePlugin, await createPersistentCache(cache())].map((own) =>
    provider.publicClient({ cache: { cachePlugin: own } }),
  );
  const [account] = (await apps[0]?.getAllAccounts()) ?? [];
  const [refreshed, refreshedElsewhere] = apps.map(
    (app) => () => app.acquireTokenSilent({ account: account as AccountInfo, scopes, forceRefresh: true }),
  );
  await expect(refreshed?.()).rejects.toMatchObject({ errorCode: "storage_failed" });
  await expect(refreshedElsewhere?.()).rejects.toMatchObject({ errorCode: "no_tokens_found" });
  expect(sent).toEqual(["refresh 0"]);
  isFull = false;
  await eventually(() => readFileSync(plugin.file, "utf8").includes("refresh 1"));
  expect(await refreshedElsewhere?.()).toMatchObject({ accessToken: "token 2" });
  expect(await refreshed?.()).toMatchObject({ accessToken: "token 3" });
  expect(sent).toEqual(["refresh 0", "refresh 1", "refresh 2"]);
});

describe("a mark", () => {
  it("is put once for a grant, and replaced by that of the next grant", async () => {
    const mark = sentMark(directory, "refresh-a");
    expect([mark.put("one"), mark.put("one")]).toEqual([true, true]);
    expect(sentMark(directory, "refresh-a").put("one")).toBe(false);
    expect(sentMark(directory, "refresh-b").put("one")).toBe(true);
    const next = sentMark(directory, "refresh-a");
    expect(next.put("two")).toBe(true);
    const names = await readdir(directory);
    expect(names.filter((name) => name.startsWith("refresh-a-sent."))).toHaveLength(1);
    expect(names.join()).not.toMatch(/one|two/);
    next.remove();
    expect(sentMark(directory, "refresh-a").put("one")).toBe(true);
  });

  it("that cannot be put keeps the grant back", () => {
    expect(() => sentMark(join(directory, "nowhere"), "refresh-a").put("one")).toThrow(
      expect.objectContaining({ errorCode: "storage_failed" }),
    );
  });
});
