// @ts-check
// A web API that is guarded by `createApiGuard`, and calls another API on behalf of the user. On node:http; hono.mjs is the same
// on Hono.
//
//   node web-api.mjs                against a local authority that it starts itself; calls itself, then waits for calls
//   node web-api.mjs --once         the same, and stops when it has called itself
//
//   TENANT=… CLIENT_ID=… CLIENT_SECRET=… SCOPE=… DOWNSTREAM=https://… PORT=3000 node web-api.mjs
//                                   against Microsoft Entra; TENANT is the GUID, as it stands in the issuer of
//                                   the tokens; SCOPE and DOWNSTREAM are those of the other API
import { once } from "node:events";
import { createServer } from "node:http";
import { requestOf, sendResponse } from "@tessera/web";
import { demonstrate } from "./demonstrate.mjs";
import { ordersApi } from "./orders-api.mjs";
import { setup } from "./setup.mjs";

const server = createServer((incoming, outgoing) => {
  answer(requestOf(incoming, origin))
    .catch((error) => {
      console.error(error);
      return new Response(undefined, { status: 502 });
    })
    .then((response) => sendResponse(response, outgoing));
});
server.listen(Number(process.env.PORT ?? 0), "localhost");
await once(server, "listening");
const address = server.address();
const origin = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
const { api, orders } = ordersApi(origin, setup);
console.log(`the API listens at ${origin}/orders`);

await demonstrate(origin, setup);
if (process.argv.includes("--once")) {
  server.close();
  server.closeAllConnections();
  await setup.stop();
}

/** @param {Request} request */
async function answer(request) {
  const metadata = await api.handle(request);
  if (metadata) return metadata;
  if (new URL(request.url).pathname === "/orders") return orders(request);
  return new Response(undefined, { status: 404 });
}
