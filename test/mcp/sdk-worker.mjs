// One process of an agent with the official client and a persistent cache: calls a tool as its parent says.
//
//   fork("sdk-worker.mjs", [JSON.stringify({ way, cache, serverUrl, metadataUrl, now })])
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createMcpAuthProvider } from "@tessera/mcp";
import { createPersistentCache } from "@tessera/persistence";

const { way, cache, serverUrl, metadataUrl, now } = JSON.parse(process.argv[2] ?? "{}");
let at = now;
let asked = 0;
const auth = createMcpAuthProvider({
  serverUrl,
  client: { metadataUrl },
  cache: { cachePlugin: await createPersistentCache(cache) },
  openBrowser: () => {
    asked += 1;
    throw new Error("the user is asked");
  },
  system: { proxy: false, clock: { now: () => at } },
});
const client = new Client({ name: "an-agent", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(serverUrl), { [way]: auth[way] }));
process.on("message", async (message) => {
  at = message.at;
  const answers = await Promise.all(
    Array.from({ length: message.calls }, () =>
      client.callTool({ name: "who", arguments: {} }).then(
        ({ content }) => content,
        (error) => String(error),
      ),
    ),
  );
  process.send({ answers, asked });
});
process.on("disconnect", () => process.exit());
process.send("ready");
