// node cli-peer.cjs FILE: what cli-peer.mjs does, in CommonJS.
const { PublicClientApplication } = require("@azure/msal-node");
const { FilePersistence, PersistenceCachePlugin } = require("@azure/msal-node-extensions");

async function main([file]) {
  const cachePlugin = new PersistenceCachePlugin(await FilePersistence.create(file));
  const auth = { clientId: process.env.CLIENT_ID, authority: process.env.AUTHORITY };
  const app = new PublicClientApplication({ auth, cache: { cachePlugin } });
  const [account] = await app.getAllAccounts();
  const { accessToken } = await app.acquireTokenSilent({ account, scopes: ["User.Read"] });
  console.log(accessToken);
}
void main(process.argv.slice(2));
