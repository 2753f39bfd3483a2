// Starting a client takes a second, and there are dozens of scenarios: the one that runs already is told what to do.
// `fetch` would take as long to load as Node.js takes to start.
import { request } from "node:http";

const [port, url] = process.argv.slice(2);
const { MCP_CONFORMANCE_SCENARIO, MCP_CONFORMANCE_PROTOCOL_VERSION, MCP_CONFORMANCE_CONTEXT } = process.env;
const run = {
  url,
  scenario: MCP_CONFORMANCE_SCENARIO,
  version: MCP_CONFORMANCE_PROTOCOL_VERSION,
  context: JSON.parse(MCP_CONFORMANCE_CONTEXT ?? "{}"),
};
request({ host: "127.0.0.1", port, method: "POST" }, (response) => {
  response.pipe(process.stderr);
  process.exitCode = response.statusCode === 200 ? 0 : 1;
}).end(JSON.stringify(run));
