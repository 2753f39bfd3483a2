// @ts-check
// An agent that is handed the URL of an MCP server and calls its tools. Who issues the tokens, under which client and for
// which scopes, it finds out on the way. Its user signs in once, and is not asked again when the agent is started again.
//
//   node mcp-agent.mjs                           against an MCP server and a local authority that it starts itself; the
//                                                program plays the user as well
//   node mcp-agent.mjs --browser                 the same, and you sign in, in your browser
//   node mcp-agent.mjs https://mcp.example/mcp   lists the tools of that server
//   CLIENT_METADATA_URL=https://… node …         with the document that you have published for your agent
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { AuthError, createResourceFetch } from "@tessera/node";
import { createPersistentCache, PersistenceError } from "@tessera/persistence";

const [argument] = process.argv.slice(2);
if (argument && argument !== "--browser" && !URL.canParse(argument)) {
  console.error(`unknown option ${argument}: there are --browser and the URL of an MCP server`);
  process.exit(1);
}

try {
  if (argument && argument !== "--browser") await listTools(argument);
  else await demonstrate();
} catch (error) {
  if (!(error instanceof AuthError || error instanceof PersistenceError)) throw error;
  console.error(`No token (${error.errorCode}): ${error.errorMessage}`);
  process.exitCode = 1;
}

/**
 * What every start of the agent does: connects, with the session that the last start has left on the disk.
 *
 * @param {string} url
 * @param {Partial<import("@tessera/persistence").PersistentCacheOptions>} [storage] default: encrypted, with the key in the
 *   system's keychain
 * @param {import("@tessera/node").ResourceFetchOptions["openBrowser"]} [openBrowser] default: the system's browser
 */
async function connect(url, storage = {}, openBrowser = true) {
  const cachePlugin = await createPersistentCache({ appName: "tessera-mcp-agent", ...storage });
  const { CLIENT_METADATA_URL: metadataUrl } = process.env;
  const fetch = createResourceFetch({
    // With the name alone, the agent registers itself at the issuer, once.
    client: { name: "Example agent", ...(metadataUrl ? { metadataUrl } : {}) },
    cache: { cachePlugin },
    openBrowser,
  });
  const agent = new Client({ name: "example-agent", version: "1.0.0" });
  await agent.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }));
  return agent;
}

/** @param {string} url */
async function listTools(url) {
  const agent = await connect(url);
  const { tools } = await agent.listTools();
  for (const { name, description = "" } of tools) console.log(`${name}: ${description}`);
  await agent.close();
}

async function demonstrate() {
  const { startOrders } = await import("./orders-server.mjs");
  const orders = await startOrders();
  const directory = await mkdtemp(join(tmpdir(), "tessera-mcp-agent-"));
  if (argument === "--browser") console.log(`Sign in as ${orders.username}, password: ${orders.password}`);
  try {
    for (const start of ["first start", "second start"]) {
      // The users of a local authority live as long as it does: nothing of them goes into the keychain.
      const storage = { directory, protection: /** @type {const} */ ("none") };
      const agent = await connect(orders.url, storage, argument === "--browser" || orders.signIn);
      console.log(`${start}, connected: ${orders.counted()}`);
      for (const name of ["list_orders", "cancel_order"]) {
        const { content } = await agent.callTool({ name, arguments: {} });
        const [first] = content;
        console.log(`${start}, ${name}: ${first?.type === "text" ? first.text : ""} (${orders.counted()})`);
      }
      await agent.close();
    }
  } finally {
    await orders.close();
    await rm(directory, { recursive: true });
  }
}
