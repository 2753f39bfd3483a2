// @ts-check
// A command-line program that acts for its user: signs them in once, in the browser, and remembers them.
//
//   node desktop-cli.mjs               against a local authority that it starts itself
//   node desktop-cli.mjs --self-test   the same without a human: the program plays the user, too
//
//   CLIENT_ID=… node desktop-cli.mjs               against Microsoft Entra; TENANT and SCOPE as you like
//   CLIENT_ID=… node desktop-cli.mjs --sign-out    forgets the user
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuthError, PublicClientApplication } from "@tessera/node";
import { createPersistentCache, PersistenceError } from "@tessera/persistence";
import { pretendUser } from "./pretend-user.mjs";

const { CLIENT_ID, TENANT = "common", SCOPE = "User.Read" } = process.env;
const [option] = process.argv.slice(2);
if (option && option !== "--self-test" && option !== "--sign-out") {
  console.error(`unknown option ${option}: there are --self-test and --sign-out`);
  process.exit(1);
}

const { auth, system, storage, openBrowser, stop } = CLIENT_ID
  ? fromEnvironment()
  : await withLocalAuthority();
try {
  if (option === "--sign-out") await signOut();
  else {
    await whoAmI();
    // A new application object stands for the next run of the program: it knows no more than the file.
    if (!CLIENT_ID) await whoAmI();
  }
} catch (error) {
  if (!(error instanceof AuthError || error instanceof PersistenceError)) throw error;
  console.error(`No token (${error.errorCode}): ${error.errorMessage}`);
  process.exitCode = 1;
} finally {
  await stop();
}

async function whoAmI() {
  const app = await newApplication();
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
  const app = await newApplication();
  const accounts = await app.getAllAccounts();
  for (const account of accounts) {
    await app.signOut({ account });
    const url = await app.buildEndSessionUrl({ account });
    console.log(`${account.username} is forgotten here. To end the session in the browser, too: ${url}`);
  }
  if (accounts.length === 0) console.log("Nobody was signed in");
}

async function newApplication() {
  const cachePlugin = await createPersistentCache({ appName: "tessera-desktop-cli", ...storage });
  return new PublicClientApplication({ auth, system, cache: { cachePlugin } });
}

/**
 * @typedef {object} Setting
 * @property {import("@tessera/node").NodeAuthOptions} auth
 * @property {import("@tessera/node").NodeSystemOptions} system
 * @property {Partial<import("@tessera/persistence").PersistentCacheOptions>} storage
 * @property {((url: string) => Promise<unknown>) | undefined} openBrowser
 * @property {() => Promise<void>} stop
 */

/** @returns {Setting} */
function fromEnvironment() {
  return {
    auth: { clientId: CLIENT_ID ?? "", authority: `https://login.microsoftonline.com/${TENANT}` },
    system: {},
    // Encrypted, with the key in the system's keychain.
    storage: {},
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
    // The users of a local authority live as long as it does: nothing of them goes into the keychain.
    storage: { directory: folder, protection: "none" },
    openBrowser: option === "--self-test" ? (url) => pretendUser(url, user) : undefined,
    stop: async () => {
      await authority.close();
      await rm(folder, { recursive: true });
    },
  };
}
