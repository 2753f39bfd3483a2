// One process of an agent with a persistent cache: sends requests to a protected resource as its parent says.
//
//   fork("resource-worker.mjs", [JSON.stringify({ cache, url })])
import { createResourceFetch } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";

const { cache, url } = JSON.parse(process.argv[2] ?? "{}");
let now;
let asked = 0;
const fetch = createResourceFetch({
  client: { name: "Agent" },
  cache: { cachePlugin: await createPersistentCache(cache) },
  openBrowser: () => {
    asked += 1;
    throw new Error("the user is asked");
  },
  system: { proxy: false, clock: { now: () => now ?? Date.now() } },
});
process.on("message", async ({ at, calls }) => {
  now = at;
  const outcomes = await Promise.all(
    Array.from({ length: calls }, () =>
      fetch(url).then(
        ({ status }) => status,
        (error) => String(error),
      ),
    ),
  );
  process.send({ outcomes, asked });
});
process.on("disconnect", () => process.exit());
process.send("ready");
