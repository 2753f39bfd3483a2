// node cli.cjs tessera FOLDER, node cli.cjs peer FILE: what cli-tessera.mjs and cli-peer.mjs do, in CommonJS. Those two have
// nothing in common with each other or with this, because each module more takes a millisecond of what is measured.
const OPEN = {
  async tessera(directory) {
    const { createPersistentCache } = require("@tessera/persistence");
    const options = { appName: "bench", directory, protection: "none" };
    return [require("@tessera/node"), await createPersistentCache(options)];
  },
  async peer(file) {
    const { FilePersistence, PersistenceCachePlugin } = require("@azure/msal-node-extensions");
    return [require("@azure/msal-node"), new PersistenceCachePlugin(await FilePersistence.create(file))];
  },
};

async function main([library, place]) {
  const [{ PublicClientApplication }, cachePlugin] = await OPEN[library](place);
  const auth = { clientId: process.env.CLIENT_ID, authority: process.env.AUTHORITY };
  const app = new PublicClientApplication({ auth, cache: { cachePlugin } });
  const [account] = await app.getAllAccounts();
  const { accessToken } = await app.acquireTokenSilent({ account, scopes: ["User.Read"] });
  console.log(accessToken);
}
void main(process.argv.slice(2));
