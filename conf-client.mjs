import { Client } from "@modelcontextprotocol/client";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createResourceFetch } from "@tessera/node";
const url = process.argv.at(-1);
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT || "{}");
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? "";
const { client_id: clientId, client_secret: clientSecret, private_key_pem: privateKey, signing_algorithm } = context;
const grant = context.valid_jwt ? "assertion" : scenario.includes("client-credentials") ? "app" : "user";
const credential = privateKey ? { clientCertificate: { privateKey } } : clientSecret ? { clientSecret } : {};
const fetch = createResourceFetch({
  grant,
  client: {
    metadataUrl: "https://conformance-test.local/client-metadata.json",
    name: "conformance",
    redirectUri: "http://localhost/callback",
    ...(clientId ? { registered: () => ({ clientId, ...credential }) } : {}),
  },
  ...(context.valid_jwt ? { assertion: context.valid_jwt } : {}),
  openBrowser: async (u) => { const r = await globalThis.fetch(u, { redirect: "manual" }); const l = r.headers.get("location"); if (!l) throw new Error("no redirect " + r.status + " " + await r.text()); await globalThis.fetch(l); },
  allowIssuer: () => true,
  system: { proxy: false, ...(process.env.LOGS ? { loggerOptions: { logLevel: 4, loggerCallback: (l, m) => console.error(m) } } : {}) },
});
const client = new Client({ name: "t", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }));
await client.listTools();
await client.callTool({ name: "test-tool", arguments: {} });
await client.close();
process.exit(0);
