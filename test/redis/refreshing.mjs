// One process of a web app that shares its tokens through Redis: gets a token when its parent says so, and tells it.
//
//   fork("refreshing.mjs", [JSON.stringify({ library, url, provider, auth, account, scopes })])
import { Redis } from "ioredis";
import { createClient } from "redis";
import { ConfidentialClientApplication } from "@tessera/node";
import { createRedisStore } from "@tessera/redis";

const { library, url, provider, auth, account, scopes, leaseMs } = JSON.parse(process.argv[2]);
const client = library === "redis" ? await createClient({ url }).connect() : new Redis(url);
const store = createRedisStore({ client, leaseMs });
const networkClient = {
  sendGetRequestAsync: async () => Promise.reject(new Error("nothing is read")),
  async sendPostRequestAsync(_, options) {
    const response = await fetch(provider, { method: "POST", body: options.body });
    return { status: response.status, headers: {}, body: await response.json() };
  },
};
const app = new ConfidentialClientApplication({ auth, cache: { store }, system: { networkClient } });

/** The first load begins to listen; then every process is on equal terms. */
await store.load("nothing");
process.send("ready");
process.once("message", async () => {
  try {
    const { accessToken } = await app.acquireTokenSilent({ account, scopes });
    process.send({ accessToken, turns: store.stats().turns });
  } catch (error) {
    process.send({ error: String(error) });
  }
  // Neither the store nor its connection is closed: nothing of it keeps the process.
  if (library === "redis") client.destroy();
  else client.disconnect();
  process.disconnect();
});
