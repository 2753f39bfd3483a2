import { PublicClientApplication } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";
const cachePlugin = await createPersistentCache({ appName: "bench2" });
const auth = { clientId: process.env.CLIENT_ID, authority: process.env.AUTHORITY };
const app = new PublicClientApplication({ auth, cache: { cachePlugin } });
if (process.argv[3]) { const {userCache}=await import("./fixtures.mjs"); const c={cacheHasChanged:true,tokenCache:{deserialize(){},serialize:()=>userCache(1)}};await cachePlugin.beforeCacheAccess(c);await cachePlugin.afterCacheAccess(c);}
const [account] = await app.getAllAccounts();
const { accessToken } = await app.acquireTokenSilent({ account, scopes: ["User.Read"] });
console.log(accessToken.length);
