import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
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
    request: RecordedRequest;
  };
}

export type RequestContext = Context<Env>;
