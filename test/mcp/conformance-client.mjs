// The client that the conformance suite drives: what a host writes, and the browser of a user who agrees to everything.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createResourceFetch } from "@tessera/node";
import { scenarioOptions } from "./conformance-options.mjs";

const fetch = createResourceFetch({
  client: { metadataUrl: "https://conformance-test.local/client-metadata.json", name: "Tessera" },
  ...scenarioOptions(),
});
const versionNegotiation = { mode: process.env.MCP_CONFORMANCE_PROTOCOL_VERSION > "2026" ? "auto" : "legacy" };
const client = new Client({ name: "tessera", version: "1.0.0" }, { versionNegotiation });
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv.at(-1)), { fetch }));
await client.listTools();
await client.callTool({ name: "test-tool", arguments: {} });
await client.close();
