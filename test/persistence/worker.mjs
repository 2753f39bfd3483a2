// One process of an app with a persistent cache: does what its parent says, one call at a time, and answers.
//
//   fork("worker.mjs", [JSON.stringify({ cache, app })])
import { createRequire } from "node:module";
import { PublicClientApplication } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";

const { cache, app: configuration } = JSON.parse(process.argv[2] ?? "{}");
const problems = [];
let now;

const calls = {
  /** Signs a user in who has signed in elsewhere. */
  async signIn({ refreshToken, scopes }) {
    const { account } = await app.acquireTokenByRefreshToken({ refreshToken, scopes, forceCache: true });
    return account;
  },
  /** A token for a user who is signed in. */
  async acquire({ account, scopes, forceRefresh }) {
    const { fromCache, accessToken } = await app.acquireTokenSilent({ account, scopes, forceRefresh });
    return { fromCache, accessToken };
  },
  accounts: () => app.getAllAccounts(),
  signOut: ({ account }) => app.signOut({ account }),
  problems: () => problems,
  /** What the keychain holds for the app; then it is forgotten, if so told. */
  async keychain({ service, forget }) {
    const keytar = createRequire(new URL("../../packages/persistence/", import.meta.url))("keytar");
    const entries = await keytar.findCredentials(service);
    if (forget) for (const { account } of entries) await keytar.deletePassword(service, account);
    return entries;
  },
  count: () => count(false),
  raise: () => count(true),
  /** Begins to write to the cache. */
  begin: () => plugin.beforeCacheAccess(writing),
  /** Ends what `begin` has begun. */
  end: () => plugin.afterCacheAccess(writing),
  /** Works without end, and tells the parent after each piece of work. */
  async churn({ account, scopes }) {
    for (;;)
      process.send({
        counted: account ? await calls.acquire({ account, scopes, forceRefresh: true }) : await count(true),
      });
  },
};

let plugin;
let app;
try {
  const begin = performance.now();
  plugin = await createPersistentCache({ ...cache, onProblem: (problem) => problems.push(problem) });
  const openMs = performance.now() - begin;
  app = new PublicClientApplication({
    ...configuration,
    cache: { cachePlugin: plugin },
    system: { ...configuration?.system, proxy: false, clock: { now: () => now ?? Date.now() } },
  });
  process.send({ value: { file: plugin.file, openMs } });
} catch (error) {
  process.send({ error: told(error) });
}

process.on("message", async ({ call, at, ...parameters }) => {
  now = at;
  try {
    process.send({ value: (await calls[call](parameters)) ?? null });
  } catch (error) {
    process.send({ error: told(error) });
  }
});
process.on("disconnect", () => process.exit());

const writing = contextOf({ deserialize: () => {}, serialize: () => "{}" }, true);

/** A number that stands in the cache, in a section no library knows; raised by one when asked to. */
async function count(raise) {
  let document;
  const tokenCache = {
    deserialize: (text) => (document = JSON.parse(text || "{}")),
    serialize: () => JSON.stringify({ ...document, Count: { value: value() + 1 } }),
  };
  const value = () => document.Count?.value ?? 0;
  const context = contextOf(tokenCache, raise);
  await plugin.beforeCacheAccess(context);
  await plugin.afterCacheAccess(context);
  return raise ? value() + 1 : value();
}

function contextOf(tokenCache, cacheHasChanged) {
  return { tokenCache, cacheHasChanged, cache: tokenCache, hasChanged: cacheHasChanged };
}

function told({ name, errorCode, message, stack }) {
  return { name, errorCode, message: errorCode ? message : stack };
}
