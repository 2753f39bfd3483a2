// A command-line app whose user stays signed in: prints the token that a second app object finds in the cache on disk.
import { resolve } from "node:path";
import { PublicClientApplication } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";

const { CLIENT_ID, AUTHORITY, USERNAME, PASSWORD, FOLDER } = process.env;
const scopes = ["User.Read"];

async function start() {
  const cachePlugin = await createPersistentCache({
    appName: "silent-after-restart",
    directory: resolve(FOLDER),
    protection: "none", // not encrypted: this is a test
  });
  return new PublicClientApplication({
    auth: { clientId: CLIENT_ID, authority: AUTHORITY },
    cache: { cachePlugin },
  });
}

const first = await start();
await first.acquireTokenByUsernamePassword({ scopes, username: USERNAME, password: PASSWORD });

const second = await start(); // as after a restart
const accounts = await second.getAllAccounts();
const account = accounts.find(({ username }) => username.toLowerCase() === USERNAME.toLowerCase());
const result = account && (await second.acquireTokenSilent({ account, scopes }));
console.log(result?.fromCache ? result.accessToken : "");
