// The websites of examples/web-frameworks in a real browser, with the local authority: what users do with tabs, history and time.
// proves: web/src/sign-in/create-web-sign-in.ts, web/src/sign-in/express.ts, web/src/sign-in/fastify.ts
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createMemoryWebStore } from "@tessera/web";
import { listenerOf as onExpress } from "../../examples/web-frameworks/express.mjs";
import { listenerOf as onFastify } from "../../examples/web-frameworks/fastify.mjs";
import { listenerOf as onHono } from "../../examples/web-frameworks/hono.mjs";
import { listenerOf as onNodeHttp } from "../../examples/web-frameworks/node-http.mjs";
import { partsOf, type Parts } from "../../examples/web-frameworks/parts.mjs";
import { describeWebsites, type StartWebsite, type WebsiteConfiguration } from "../support/web-scenarios.js";

/** A site in this process, on the test's clock. */
function inThisProcess(listenerOf: (parts: Parts) => Promise<RequestListener>): StartWebsite {
  return async ({ entra: { authority, clock }, downstream }, configuration) => {
    let listener: RequestListener;
    const server = createServer((request, response) => {
      listener(request, response);
    }).listen(0, "localhost");
    await once(server, "listening");
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    const store = createMemoryWebStore(clock);
    const restart = async ({ responseMode, ...session }: WebsiteConfiguration): Promise<void> => {
      const parts = partsOf({
        authority: authority.authorityUrl(),
        baseUrl: origin,
        system: { clock, proxy: false },
        downstream,
        sites: authority.config.tenants[0]?.apps ?? [],
        signIn: { responseMode, clock, session: { ...session, store } },
      });
      listener = await listenerOf(parts);
    };
    await restart(configuration);
    return {
      origin,
      restart,
      close: async () => {
        server.closeAllConnections();
        server.close();
      },
    };
  };
}

describeWebsites({
  "Express 5": inThisProcess(onExpress),
  "Fastify 5": inThisProcess(onFastify),
  Hono: inThisProcess(onHono),
  "node:http": inThisProcess(onNodeHttp),
});
