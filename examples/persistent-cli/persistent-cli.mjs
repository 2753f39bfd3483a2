// @ts-check
// A command-line program whose user stays signed in between its runs: the token cache is on the disk, encrypted.
//
//   node persistent-cli.mjs                         against a local authority that it starts itself: signs a user in, and
//                                                   then runs itself three times at once
//   CLIENT_ID=… node persistent-cli.mjs             against Microsoft Entra, with the key in the system's keychain
//   CLIENT_ID=… PASSPHRASE=… node persistent-cli.mjs      where there is no keychain
//   CLIENT_ID=… node persistent-cli.mjs --sign-out  forgets the user
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AuthError, PublicClientApplication } from "@tessera/node";
import { createPersistentCache, PersistenceError } from "@tessera/persistence";

const { CLIENT_ID, AUTHORITY, PASSPHRASE, DIRECTORY, TENANT = "common", SCOPE = "User.Read" } = process.env;

try {
  if (CLIENT_ID) await main(CLIENT_ID);
  else await demonstrate();
} catch (error) {
  // A PersistenceError says what to do: unlock the keychain, choose another protection, …
  if (!(error instanceof AuthError || error instanceof PersistenceError)) throw error;
  console.error(`${error.errorCode}: ${error.errorMessage}`);
  process.exitCode = 1;
}

/** @param {string} clientId */
async function main(clientId) {
  const app = await application({
    auth: { clientId, authority: AUTHORITY ?? `https://login.microsoftonline.com/${TENANT}` },
  });
  const accounts = await app.getAllAccounts();
  if (process.argv.includes("--sign-out")) {
    for (const account of accounts) await app.signOut({ account });
    console.log(accounts.length > 0 ? "Forgotten." : "Nobody was signed in.");
    return;
  }
  // From the cache, renewed if need be, and only then by asking the user.
  const result = await app.acquireToken({
    scopes: [SCOPE],
    onDeviceCode: ({ message }) => console.log(message),
  });
  console.log(`You are ${result.account?.username}, ${result.fromCache ? "remembered" : "signed in now"}.`);
}

/** @param {import("@tessera/node").Configuration} configuration */
async function application(configuration) {
  const cachePlugin = await createPersistentCache({
    appName: "tessera-persistent-cli",
    ...(DIRECTORY ? { directory: DIRECTORY } : {}),
    protection: PASSPHRASE ? { passphrase: PASSPHRASE } : "keychain",
  });
  return new PublicClientApplication({ ...configuration, cache: { cachePlugin } });
}

async function demonstrate() {
  const { startLocalAuthority } = await import("@tessera/local-authority");
  const directory = await mkdtemp(join(tmpdir(), "persistent-cli-"));
  const caFile = join(directory, "ca.pem");
  const authority = await startLocalAuthority({ caFile });
  try {
    const [tenant] = authority.config.tenants;
    const user = tenant?.users[0];
    const clientId = tenant?.apps.find(({ name }) => name.endsWith("Desktop"))?.clientId ?? "";
    const environment = {
      ...process.env,
      ...{
        CLIENT_ID: clientId,
        AUTHORITY: authority.authorityUrl(),
        NODE_EXTRA_CA_CERTS: caFile,
        NO_PROXY: "localhost",
      },
      ...{ DIRECTORY: join(directory, "cache"), PASSPHRASE: "only for this demonstration" },
    };

    const cachePlugin = await createPersistentCache({
      appName: "tessera-persistent-cli",
      directory: environment.DIRECTORY,
      protection: { passphrase: environment.PASSPHRASE },
    });
    const app = new PublicClientApplication({
      auth: { clientId, authority: environment.AUTHORITY },
      system: { ca: authority.caPem, proxy: false },
      cache: { cachePlugin },
    });
    // In place of the browser that a user would see.
    const { username = "", password = "" } = user ?? {};
    await app.acquireTokenByUsernamePassword({ scopes: [SCOPE], username, password });
    console.log(`${username} has signed in; the tokens are in ${cachePlugin.file}`);

    const program = fileURLToPath(import.meta.url);
    const runs = [1, 2, 3].map(() => promisify(execFile)(process.execPath, [program], { env: environment }));
    for (const { stdout } of await Promise.all(runs)) process.stdout.write(`another process: ${stdout}`);
    const requests = authority.requests.filter(({ endpoint }) => endpoint === "token").length;
    console.log(`Token requests in all: ${requests}`);
  } finally {
    await authority.close();
    await rm(directory, { recursive: true });
  }
}
