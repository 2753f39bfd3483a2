import type { Context, Hono } from "hono";
import type { Env } from "../http/request-context.js";

type Routes = Hono<Env>["routes"];

/** Responds to unknown paths with a list of all endpoints, and to a wrong method with the allowed ones. */
export function respondNotFound(c: Context<Env>, routes: Routes): Response {
  const { method, path } = c.req;
  const endpoints = routes.filter((route) => route.method !== "ALL" && route.path !== "/");
  const allowed = endpoints
    .filter((route) => pathPattern(route.path).test(path))
    .map((route) => route.method);
  if (allowed.length > 0) {
    const allow = [...new Set(allowed)].join(", ");
    c.header("Allow", allow);
    if (method === "OPTIONS") return c.body(null, 204);
    const error_description = `AADSTS900561: The endpoint only accepts ${allow} requests. Received a ${method} request.`;
    return c.json({ error: "invalid_request", error_description, error_codes: [900561] }, 405);
  }
  return c.json(
    {
      error: "not_found",
      error_description: `The local authority has no endpoint at ${path}. The field endpoints lists all of them; {tenant} is an ID or a domain, common, organizations or consumers, and {policy} begins with b2c_1.`,
      endpoints: [...new Set(endpoints.map((route) => `${route.method} ${displayPath(route.path)}`))].sort(),
    },
    404,
  );
}

const parameter = /:(\w+)(?:\{([^}]*)\})?/g;

/** Formats `/:tenant{adfs}/:policy{b2c.*}/token` as `/adfs/{policy}/token`. */
function displayPath(path: string): string {
  return path.replace(parameter, (_, name: string, pattern?: string) =>
    pattern !== undefined && /^\w+$/.test(pattern) ? pattern : `{${name}}`,
  );
}

function pathPattern(path: string): RegExp {
  // Paths below /adfs have routes of their own.
  const source = path
    .replaceAll(".", "\\.")
    .replace(parameter, (_, __, pattern = "(?!adfs/)[^/]+") => `(${String(pattern)})`);
  return new RegExp(`^${source}/?$`);
}
