import { PublicClientApplication } from "@azure/msal-node";
import { PersistenceCreator, PersistenceCachePlugin } from "@azure/msal-node-extensions";
const [file] = process.argv.slice(2);
const persistence = await PersistenceCreator.createPersistence({ cachePath: file, dataProtectionScope: "CurrentUser", serviceName: "bench", accountName: "cache", usePlaintextFileOnLinux: true });
const cachePlugin = new PersistenceCachePlugin(persistence);
const auth = { clientId: process.env.CLIENT_ID, authority: process.env.AUTHORITY };
const app = new PublicClientApplication({ auth, cache: { cachePlugin } });
if (process.argv[3]) { const {userCache}=await import("./fixtures.mjs"); await persistence.save(userCache(1)); }
const [account] = await app.getAllAccounts();
const { accessToken } = await app.acquireTokenSilent({ account, scopes: ["User.Read"] });
console.log(accessToken.length);
