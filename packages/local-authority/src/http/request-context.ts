import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Directory, TenantScope } from "../directory.js";
import type { Trace } from "../errors/trace.js";
import type { RecordedRequest } from "./journal.js";
import type { Parameters } from "./parameters.js";

/** The values that the request pipeline stores for an endpoint. */
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

/** Resolves the tenant and policy in the request's path. @throws {AadstsError} 90002, 900023 */
export function requestedAuthority(c: RequestContext, directory: Directory): TenantScope {
  return directory.findTenant(c.req.param("tenant") ?? "", c.req.param("policy"));
}
