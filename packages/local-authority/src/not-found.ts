import type { Context, Hono } from "hono";
import type { Env } from "./http.js";

type Routes = Hono<Env>["routes"];

/** What is asked for by mistake: the answer says which endpoints there are, or which methods this one takes. */
export function answerUnknown(c: Context<Env>, routes: Routes): Response {
  const { method, path } = c.req;
  const endpoints = routes.filter((route) => route.method !== "ALL");
  const allowed = endpoints.filter((route) => patternOf(route.path).test(path)).map((route) => route.method);
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
      error_description: `The local authority has nothing at ${path}. See endpoints for what there is; {tenant} is an id or a domain, common, organizations or consumers, and {policy} begins with b2c_1.`,
      endpoints: [...new Set(endpoints.map((route) => `${route.method} ${shown(route.path)}`))].sort(),
    },
    404,
  );
}

const parameter = /:(\w+)(?:\{([^}]*)\})?/g;

/** `/:tenant{adfs}/:policy{b2c.*}/token` as `/adfs/{policy}/token`. */
function shown(path: string): string {
  return path.replace(parameter, (_, name: string, pattern?: string) =>
    pattern !== undefined && /^\w+$/.test(pattern) ? pattern : `{${name}}`,
  );
}

function patternOf(path: string): RegExp {
  // What is under /adfs has routes of its own.
  const source = path
    .replaceAll(".", "\\.")
    .replace(parameter, (_, __, pattern = "(?!adfs/)[^/]+") => `(${String(pattern)})`);
  return new RegExp(`^${source}/?$`);
}
