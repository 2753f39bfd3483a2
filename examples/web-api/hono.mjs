// @ts-check
// The API of web-api.mjs on Hono.
//
//   node hono.mjs             against a local authority that it starts itself; calls itself, then waits for calls
//   node hono.mjs --once      the same, and stops when it has called itself
import { once } from "node:events";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { demonstrate } from "./demonstrate.mjs";
import { ordersApi } from "./orders-api.mjs";
import { setup } from "./setup.mjs";

const site = new Hono();
const server = serve({ fetch: site.fetch, hostname: "localhost", port: Number(process.env.PORT ?? 0) });
if (!server.listening) await once(server, "listening");
const address = server.address();
const origin = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
const { api, orders } = ordersApi(origin, setup);

site.use(async (c, next) => (await api.handle(c.req.raw)) ?? next());
site.get("/orders", (c) => orders(c.req.raw));
console.log(`the API listens at ${origin}/orders`);

await demonstrate(origin, setup);
if (process.argv.includes("--once")) {
  server.close();
  await setup.stop();
}
