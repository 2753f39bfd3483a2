import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
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
    /** The JSON of the response, for the console. */
    answer?: Readonly<Record<string, unknown>>;
  };
}

export type RequestContext = Context<Env>;

/** Responds with JSON that the console shows as well. */
export function answerJson(c: RequestContext, json: object, status?: ContentfulStatusCode): Response {
  c.set("answer", { ...json });
  return c.json(json, status);
}

/** Resolves the tenant and policy in the request's path. @throws {AadstsError} 90002, 900023 */
export function requestedAuthority(c: RequestContext, directory: Directory): TenantScope {
  return directory.findTenant(c.req.param("tenant") ?? "", c.req.param("policy"));
}
