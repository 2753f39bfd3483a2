// node cli-tessera.mjs FOLDER: prints the token of the user who is signed in.
import { PublicClientApplication } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";

const [directory] = process.argv.slice(2);
const cachePlugin = await createPersistentCache({ appName: "bench", directory, protection: "none" });
const auth = { clientId: process.env.CLIENT_ID, authority: process.env.AUTHORITY };
const app = new PublicClientApplication({ auth, cache: { cachePlugin } });
const [account] = await app.getAllAccounts();
const { accessToken } = await app.acquireTokenSilent({ account, scopes: ["User.Read"] });
console.log(accessToken);
