import type { MiddlewareHandler } from "hono";
import type { Env } from "../http/request-context.js";
import { isLoopbackHost } from "../server/check-host.js";

/**
 * Admits this machine's own programs and the console's own page. The console shows requests and forges tokens, so it is
 * stricter than the rest: names from the option `hosts` and the origins of apps, which a proxy or another web page could use,
 * do not reach it.
 */
export function guardConsole(): MiddlewareHandler<Env> {
  return async (c, next) => {
    const host = c.req.header("host") ?? "";
    if (!isLoopbackHost(host)) {
      return refuse(421, `The console is not served to the host ${JSON.stringify(host)}. Use localhost.`);
    }
    const origin = c.req.header("origin");
    if (origin !== undefined && origin !== `${new URL(c.req.url).protocol}//${host}`) {
      return refuse(403, `The console does not serve web pages of the origin ${JSON.stringify(origin)}.`);
    }
    // Requests of other sites that have no `Origin`: images, scripts, links.
    const site = c.req.header("sec-fetch-site");
    if (site !== undefined && site !== "same-origin" && site !== "none") {
      return refuse(403, "The console does not serve requests that another site has caused.");
    }
    // A form of another site can send neither this type nor these methods without a preflight, which is refused.
    const isJson = /^application\/json\b/i.test(c.req.header("content-type") ?? "");
    if (["POST", "PATCH"].includes(c.req.method) && !isJson) {
      return refuse(415, "Send JSON, with Content-Type: application/json.");
    }
    await next();
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
    return undefined;
  };
}

const headers: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};

function refuse(status: number, error_description: string): Response {
  return Response.json({ error: "invalid_request", error_description }, { status, headers });
}
