// node cli-peer.mjs FILE: prints the token of the user who is signed in.
import { PublicClientApplication } from "@azure/msal-node";
import { FilePersistence, PersistenceCachePlugin } from "@azure/msal-node-extensions";

const [file] = process.argv.slice(2);
const cachePlugin = new PersistenceCachePlugin(await FilePersistence.create(file));
const auth = { clientId: process.env.CLIENT_ID, authority: process.env.AUTHORITY };
const app = new PublicClientApplication({ auth, cache: { cachePlugin } });
const [account] = await app.getAllAccounts();
const { accessToken } = await app.acquireTokenSilent({ account, scopes: ["User.Read"] });
console.log(accessToken);
