// @ts-check
// A website that signs users in and shows what its API says; the API calls others on behalf of the user.
//
//   node web-frameworks.mjs express          on Express, against a local authority that it starts itself; also: fastify, hono, node-http
//
// What belongs to the framework is in express.mjs, fastify.mjs, hono.mjs and node-http.mjs, everything else in the other files.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { startLocalAuthority } from "@tessera/local-authority";
import { authorityOptions, startDownstream } from "./around.mjs";
import { partsOf } from "./parts.mjs";

const [name = "express"] = process.argv.slice(2);
if (!["express", "fastify", "hono", "node-http"].includes(name)) {
  console.error(`unknown framework ${name}: express, fastify, hono or node-http`);
  process.exit(1);
}
/** @type {typeof import("./express.mjs")} */
const { listenerOf } = await import(`./${name}.mjs`);

// Plain HTTP, because a browser would warn of a certificate that it does not know.
const authority = await startLocalAuthority({ http: true, ...authorityOptions });
const system = { proxy: /** @type {const} */ (false) };
const others = await startDownstream(authority.authorityUrl(), system);

const server = createServer().listen(Number(process.env.PORT ?? 0), "localhost");
await once(server, "listening");
const address = server.address();
const baseUrl = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
const secrets = [process.env.SESSION_SECRET ?? randomBytes(32).toString("hex")];
const parts = partsOf({
  authority: authority.authorityUrl(),
  ...{ baseUrl, system, downstream: others.downstream, sites: authority.config.tenants[0]?.apps ?? [] },
  signIn: { session: { secrets } },
});
server.on("request", await listenerOf(parts));

const [alice] = authority.config.tenants[0]?.users ?? [];
console.log(`open ${baseUrl} and sign in as ${alice?.username} with the password ${alice?.password}`);
process.once("SIGINT", async () => {
  server.close();
  server.closeAllConnections();
  await Promise.all([others.close(), authority.close()]);
});
