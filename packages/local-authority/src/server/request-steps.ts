import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { MiddlewareHandler } from "hono";
import { setTimeout as delay } from "node:timers/promises";
import type { AuthorityClock } from "../clock.js";
import { dialectAt } from "../dialects/dialects.js";
import { refuse } from "../errors/errors.js";
import { createTrace } from "../errors/trace.js";
import { faultResponse, replacesResponse, type Faults } from "./faults.js";
import type { Env, RequestContext } from "../http/request-context.js";
import { nameEndpoint, type EndpointName, type Journal } from "../http/journal.js";
import { readParameters } from "../http/parameters.js";

/** Parses query and form, and assigns the correlation and trace IDs. */
export function readRequest(clock: AuthorityClock): MiddlewareHandler<Env> {
  return async (c, next) => {
    const body = await readBody(c.req.raw);
    if (body === undefined) {
      const error_description = `The body is larger than ${maxBodyBytes} bytes.`;
      return c.json({ error: "invalid_request", error_description }, 413);
    }
    const query = readParameters(new URL(c.req.url).searchParams);
    const isForm = c.req.header("content-type")?.startsWith("application/x-www-form-urlencoded") ?? false;
    const form = readParameters(new URLSearchParams(isForm ? body : ""));
    const clientRequestId =
      query["client-request-id"] ?? c.req.header("client-request-id") ?? form["client-request-id"];
    const trace = createTrace(clientRequestId, clock.milliseconds());
    c.set("body", body);
    c.set("query", query);
    c.set("form", form);
    c.set("trace", trace);
    await next();
    // Clients learn from it how far their clock is from this one.
    c.header("date", new Date(clock.milliseconds()).toUTCString());
    c.header("x-ms-request-id", trace.traceId);
    c.header("client-request-id", trace.correlationId);
    return undefined;
  };
}

/** Maximum size of a body, in bytes; far more than any client sends. */
const maxBodyBytes = 1_048_576;

/** Returns the body, an empty string if there is none, or `undefined` if it exceeds the limit. */
export async function readBody({ method, body }: Request): Promise<string | undefined> {
  if (method === "GET" || method === "HEAD" || body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Records the request in the journal, and later the status of its response. */
export function recordRequest(
  clock: AuthorityClock,
  journal: Journal,
  endpointAt: (path: string) => EndpointName = nameEndpoint,
): MiddlewareHandler<Env> {
  return async (c, next) => {
    const path = new URL(c.req.url).pathname;
    const request = {
      endpoint: endpointAt(path),
      method: c.req.method,
      host: c.req.header("host") ?? "",
      path,
      query: c.get("query"),
      form: c.get("form"),
      headers: c.req.header(),
      body: c.get("body"),
      time: clock.milliseconds(),
    };
    c.set("request", request);
    const recordStatus = journal.record(request);
    await next();
    if (c.env.incoming.socket.destroyed) return;
    const { status } = c.res;
    const json = c.get("answer");
    const redirect = status >= 300 && status < 400 ? (c.res.headers.get("location") ?? undefined) : undefined;
    recordStatus(status, json === undefined && redirect === undefined ? undefined : { json, redirect });
  };
}

/** Creates the JSON of an error response for a fault that has no body. */
export type FaultBody = (c: RequestContext, status: number) => object;

/** The errors of the authority whose path is requested. */
export function authorityFaultBody(url: string): FaultBody {
  return (c, status) =>
    dialectAt(c.req.path).errorBody(refuse(status === 429 ? 90055 : 90033), c.get("trace"), url);
}

/** Applies the first fault that matches the request. */
export function applyFault(
  faults: Faults,
  closing: AbortSignal,
  faultBody: FaultBody,
): MiddlewareHandler<Env> {
  return async (c, next) => {
    const fault = faults.take(c.get("request"));
    // Closing the authority ends the delay.
    if (fault?.delayMs !== undefined) {
      await delay(fault.delayMs, undefined, { signal: closing }).catch(() => undefined);
    }
    if (fault?.reset === true || closing.aborted) {
      c.env.incoming.socket.destroy();
      return RESPONSE_ALREADY_SENT;
    }
    if (fault !== undefined && replacesResponse(fault)) {
      return faultResponse(fault, () => {
        const body = faultBody(c, fault.status ?? 200);
        c.set("answer", { ...body });
        return body;
      });
    }
    await next();
    const isJson =
      fault?.rewrite !== undefined && c.res.headers.get("content-type")?.includes("json") === true;
    if (fault?.rewrite !== undefined && isJson) {
      const json = (await c.res.json()) as Readonly<Record<string, unknown>>;
      c.res = Response.json(fault.rewrite(json), { status: c.res.status });
    }
    return undefined;
  };
}
