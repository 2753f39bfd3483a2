// @ts-check
// A command-line program that acts for its user: signs them in once, in the browser, and remembers them.
//
//   node desktop-cli.mjs               against a local authority that it starts itself
//   node desktop-cli.mjs --self-test   the same without a human: the program plays the user, too
//
//   CLIENT_ID=… node desktop-cli.mjs               against Microsoft Entra; TENANT and SCOPE as you like
//   CLIENT_ID=… node desktop-cli.mjs --sign-out    forgets the user
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AuthError, PublicClientApplication } from "@tessera/node";
import { pretendUser } from "./pretend-user.mjs";

const { CLIENT_ID, TENANT = "common", SCOPE = "User.Read" } = process.env;
const [option] = process.argv.slice(2);
if (option && option !== "--self-test" && option !== "--sign-out") {
  console.error(`unknown option ${option}: there are --self-test and --sign-out`);
  process.exit(1);
}

const { auth, system, file, openBrowser, stop } = CLIENT_ID ? fromEnvironment() : await withLocalAuthority();
try {
  if (option === "--sign-out") await signOut();
  else {
    await whoAmI();
    // A new application object stands for the next run of the program: it knows no more than the file.
    if (!CLIENT_ID) await whoAmI();
  }
} catch (error) {
  if (!(error instanceof AuthError)) throw error;
  console.error(`No token (${error.errorCode}): ${error.errorMessage}`);
  process.exitCode = 1;
} finally {
  await stop();
}

async function whoAmI() {
  const app = newApplication();
  // The one call: from the file, renewed if need be, and only then by asking the user.
  const { account, fromCache, expiresOn } = await app.acquireToken({
    scopes: [SCOPE],
    onDeviceCode: ({ message }) => console.log(message),
    ...(openBrowser ? { openBrowser } : {}),
  });
  const how = fromCache ? "remembered" : "signed in now";
  console.log(`You are ${account?.username}, ${how}; the token is good until ${expiresOn?.toISOString()}`);
}

async function signOut() {
  const app = newApplication();
  const accounts = await app.getAllAccounts();
  for (const account of accounts) {
    await app.signOut({ account });
    const url = await app.buildEndSessionUrl({ account });
    console.log(`${account.username} is forgotten here. To end the session in the browser, too: ${url}`);
  }
  if (accounts.length === 0) console.log("Nobody was signed in");
}

function newApplication() {
  return new PublicClientApplication({ auth, system, cache: { cachePlugin: fileCache(file) } });
}

/**
 * Keeps the cache in a file that only its owner may read. The tokens in it are in clear: a real program encrypts them, with
 * a key from the system's keychain.
 *
 * @param {string} path
 * @returns {import("@tessera/node").ICachePlugin}
 */
function fileCache(path) {
  return {
    async beforeCacheAccess(context) {
      const text = await readFile(path, "utf8").catch(() => "");
      if (text) context.tokenCache.deserialize(text);
    },
    async afterCacheAccess(context) {
      if (!context.cacheHasChanged) return;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // Whole or not at all, whatever happens meanwhile.
      const fresh = `${path}.${process.pid}`;
      await writeFile(fresh, context.tokenCache.serialize(), { mode: 0o600 });
      await rename(fresh, path);
    },
  };
}

/**
 * @typedef {object} Setting
 * @property {import("@tessera/node").NodeAuthOptions} auth
 * @property {import("@tessera/node").NodeSystemOptions} system
 * @property {string} file
 * @property {((url: string) => Promise<unknown>) | undefined} openBrowser
 * @property {() => Promise<void>} stop
 */

/** @returns {Setting} */
function fromEnvironment() {
  return {
    auth: { clientId: CLIENT_ID ?? "", authority: `https://login.microsoftonline.com/${TENANT}` },
    system: {},
    file: join(homedir(), ".tessera-desktop-cli", "tokens.json"),
    openBrowser: undefined,
    stop: async () => {},
  };
}

/** @returns {Promise<Setting>} */
async function withLocalAuthority() {
  const { startLocalAuthority } = await import("@tessera/local-authority");
  // Plain HTTP: the browser would warn of a certificate it does not know.
  const authority = await startLocalAuthority({ http: true });
  const [tenant] = authority.config.tenants;
  const desktop = tenant?.apps.find(({ name }) => name.endsWith("Desktop"));
  const user = tenant?.users[0];
  if (!desktop || !user) throw new Error("the local authority has no app or no user to try");
  if (option !== "--self-test") console.log(`Sign in as ${user.username}, password: ${user.password}`);
  const folder = await mkdtemp(join(tmpdir(), "tessera-desktop-cli-"));
  return {
    auth: { clientId: desktop.clientId, authority: authority.authorityUrl() },
    system: { proxy: false },
    file: join(folder, "tokens.json"),
    openBrowser: option === "--self-test" ? (url) => pretendUser(url, user) : undefined,
    stop: async () => {
      await authority.close();
      await rm(folder, { recursive: true });
    },
  };
}
