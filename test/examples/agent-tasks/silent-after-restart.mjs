// A command-line app whose user is still signed in when it runs again.
import { PublicClientApplication } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";

const cachePlugin = await createPersistentCache({
  appName: "contoso-cli",
  directory: process.env.FOLDER,
  protection: "none",
});
const auth = { clientId: process.env.CLIENT_ID, authority: process.env.AUTHORITY };
const scopes = ["User.Read"];

const first = new PublicClientApplication({ auth, cache: { cachePlugin } });
await first.acquireTokenByUsernamePassword({
  username: process.env.USERNAME,
  password: process.env.PASSWORD,
  scopes,
});

const again = new PublicClientApplication({ auth, cache: { cachePlugin } });
const [account] = await again.getAllAccounts();
const { accessToken, fromCache } = await again.acquireTokenSilent({ account, scopes });
console.log(fromCache ? accessToken : "");
