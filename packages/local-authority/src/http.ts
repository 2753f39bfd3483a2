import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Directory, TenantScope } from "./directory.js";
import type { Trace } from "./errors.js";
import type { RecordedRequest } from "./journal.js";
import type { Parameters } from "./parameters.js";

/** What the steps in front of an endpoint have put into the request's context. */
export interface Env {
  Bindings: HttpBindings;
  Variables: {
    trace: Trace;
    query: Parameters;
    form: Parameters;
    body: string;
    request: RecordedRequest;
  };
}

export type RequestContext = Context<Env>;

/** Whom the path of the request names. @throws {AadstsError} 90002, 900023 */
export function requestedAuthority(c: RequestContext, directory: Directory): TenantScope {
  return directory.findTenant(c.req.param("tenant") ?? "", c.req.param("policy"));
}
