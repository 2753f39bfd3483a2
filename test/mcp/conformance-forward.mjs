// Starting a client takes a second, and there are dozens of scenarios: the one that runs already is told what to do.
const [port, url] = process.argv.slice(2);
const { MCP_CONFORMANCE_SCENARIO, MCP_CONFORMANCE_PROTOCOL_VERSION, MCP_CONFORMANCE_CONTEXT } = process.env;
const run = {
  url,
  scenario: MCP_CONFORMANCE_SCENARIO,
  version: MCP_CONFORMANCE_PROTOCOL_VERSION,
  context: JSON.parse(MCP_CONFORMANCE_CONTEXT ?? "{}"),
};
const response = await fetch(`http://127.0.0.1:${port}`, { method: "POST", body: JSON.stringify(run) });
console.error(await response.text());
process.exitCode = response.ok ? 0 : 1;
