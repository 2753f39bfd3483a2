// node cli-tessera.cjs FOLDER: what cli-tessera.mjs does, in CommonJS.
const { PublicClientApplication } = require("@tessera/node");
const { createPersistentCache } = require("@tessera/persistence");

async function main([directory]) {
  const cachePlugin = await createPersistentCache({ appName: "bench", directory, protection: "none" });
  const auth = { clientId: process.env.CLIENT_ID, authority: process.env.AUTHORITY };
  const app = new PublicClientApplication({ auth, cache: { cachePlugin } });
  const [account] = await app.getAllAccounts();
  const { accessToken } = await app.acquireTokenSilent({ account, scopes: ["User.Read"] });
  console.log(accessToken);
}
void main(process.argv.slice(2));
