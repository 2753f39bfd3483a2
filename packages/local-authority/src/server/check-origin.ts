import type { MiddlewareHandler } from "hono";
import type { Env } from "../http/request-context.js";
import { nameEndpoint, type EndpointName } from "../http/journal.js";

/**
 * Endpoints to which any site may send a browser, with a link or a form (OpenID Connect Core §3.1.2.1, RP-Initiated
 * Logout §2).
 */
const openEndpoints: readonly EndpointName[] = ["authorize", "logout"];

/** Endpoints that receive the forms of the sign-in pages. */
const pageForms: readonly EndpointName[] = ["login", "select-account", "device-sign-in", "verify", "consent"];

/**
 * Rejects requests from web pages of other origins, with 403: they must not submit the sign-in forms, fill the journal or
 * consume a fault. Clients other than browsers send no `Origin`.
 *
 * @param isAppOrigin whether the origin belongs to a registered app; its pages may call every endpoint except the forms
 */
export function checkOrigin(isAppOrigin: (origin: string) => boolean): MiddlewareHandler<Env> {
  return async (c, next) => {
    const origin = c.req.header("origin");
    const { protocol, pathname } = new URL(c.req.url);
    const endpoint = nameEndpoint(pathname);
    const isTrusted =
      origin === undefined ||
      origin === `${protocol}//${c.req.header("host") ?? ""}` ||
      openEndpoints.includes(endpoint) ||
      (!pageForms.includes(endpoint) && isAppOrigin(origin));
    if (isTrusted) return next();
    const remedy = pageForms.includes(endpoint)
      ? "Only its own pages may send this form."
      : "Register a redirect URI of that origin for an app.";
    const error_description = `The local authority does not serve web pages of the origin ${JSON.stringify(origin)}. ${remedy}`;
    return c.json({ error: "invalid_request", error_description }, 403);
  };
}
