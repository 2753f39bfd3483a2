import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createMcpAuthProvider, type McpAuth } from "@tessera/mcp";
import { createResourceFetch } from "@tessera/node";
import type { ScenarioRun } from "./conformance-suite.js";
import { optionsOf } from "./conformance-options.js";

const described = { metadataUrl: "https://conformance-test.local/client-metadata.json", name: "An agent" };

/** What a host writes: an MCP client that finds out by itself how to get a token. */
export async function conformanceClient({ url, version, ...run }: ScenarioRun): Promise<void> {
  const fetch = createResourceFetch({ client: described, ...optionsOf(run) });
  await useServer(new StreamableHTTPClientTransport(new URL(url), { fetch }), version);
}

/** The same with a provider object. */
export async function providerClient(run: ScenarioRun): Promise<void> {
  const { authProvider } = providerOf(run);
  await useServer(new StreamableHTTPClientTransport(new URL(run.url), { authProvider }), run.version);
}

/** The same with a provider object and its `fetch`, which does what the SDK does not. */
export async function pairClient(run: ScenarioRun): Promise<void> {
  const { authProvider, fetch } = providerOf(run);
  await useServer(new StreamableHTTPClientTransport(new URL(run.url), { authProvider, fetch }), run.version);
}

const providerOf = ({ url, ...run }: ScenarioRun): McpAuth =>
  createMcpAuthProvider({ serverUrl: url, client: described, ...optionsOf(run) });

/** Lists the tools of a server and calls one. Revisions from 2026 on have no `initialize`. */
export async function useServer(transport: StreamableHTTPClientTransport, version: string): Promise<void> {
  const mode = version > "2026" ? "auto" : "legacy";
  const client = new Client({ name: "an-agent", version: "1.0.0" }, { versionNegotiation: { mode } });
  await client.connect(transport);
  await client.listTools();
  await client.callTool({ name: "test-tool", arguments: {} });
  await client.close();
}
