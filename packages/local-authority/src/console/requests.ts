import { streamSSE } from "hono/streaming";
import type { NumberedRequest } from "../http/journal.js";
import type { RequestContext } from "../http/request-context.js";
import { LocalAuthorityConfigurationError } from "../config/checks.js";
import { notFound, readId, type ConsoleContext } from "./console-context.js";
import { describeRequest, listRequest, type ListedRequest } from "./describe-request.js";

/** The requests received, oldest first; as a stream of events if the caller accepts one. */
export function listRequests(c: RequestContext, context: ConsoleContext): Response {
  const { state, journal } = context;
  const filter = readFilter(c);
  const list = (entry: NumberedRequest) => listRequest(state, entry, filter.full);
  if (c.req.header("accept")?.includes("text/event-stream") === true) return stream(c, context, filter);
  const found = journal
    .numbered()
    .map(list)
    .filter((request) => admits(filter, request));
  return c.json({ requests: filter.limit === undefined ? found : found.slice(-filter.limit) });
}

export async function showRequest(c: RequestContext, { state, journal }: ConsoleContext): Promise<Response> {
  const entry = journal.find(readId(c));
  if (entry === undefined) return notFound("request with this id; the newest 10,000 are kept");
  return c.json(await describeRequest(state, entry, c.req.query("secrets") === "full"));
}

export function clearRequests(c: RequestContext, { journal }: ConsoleContext): Response {
  journal.clear();
  return c.body(null, 204);
}

interface Filter {
  readonly after: number;
  readonly limit?: number;
  readonly endpoint?: string;
  readonly status?: number;
  /** In lower case. */
  readonly search?: string;
  readonly full: boolean;
}

/** @throws {LocalAuthorityConfigurationError} for a parameter that is unknown or not a number */
function readFilter(c: RequestContext): Filter {
  const query = c.req.query();
  const unknown = Object.keys(query).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new LocalAuthorityConfigurationError(unknown, query[unknown], `use ${names.join(", ")}`);
  }
  const { after = "0", limit, endpoint, status, search, secrets } = query;
  return {
    after: numberOf("after", c.req.header("last-event-id") ?? after),
    limit: limit === undefined ? undefined : numberOf("limit", limit),
    endpoint,
    status: status === undefined ? undefined : numberOf("status", status),
    search: search?.toLowerCase(),
    full: secrets === "full",
  };
}

const names: readonly string[] = ["after", "limit", "endpoint", "status", "search", "secrets"];

function numberOf(name: string, text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new LocalAuthorityConfigurationError(name, text, "use a whole number");
}

function admits({ after, endpoint, status, search }: Filter, request: ListedRequest): boolean {
  return (
    request.id > after &&
    (endpoint === undefined || endpoint === request.endpoint) &&
    (status === undefined || status === request.status) &&
    (search === undefined || JSON.stringify(request).toLowerCase().includes(search))
  );
}

/** The number of requests that a stream begins with. */
const firstEvents = 1000;

/** Sends the requests so far, then each one as it arrives and once more with its response. */
function stream(c: RequestContext, context: ConsoleContext, filter: Filter): Response {
  const { state, journal, closing, run } = context;
  return streamSSE(c, async (events) => {
    // A page that reconnects learns from it whether the authority has been started again.
    await events.writeSSE({ event: "run", data: run });
    // Written one after the other, so that a response never comes before its request.
    let written = Promise.resolve();
    const send = (entry: NumberedRequest) => {
      const request = listRequest(state, entry, filter.full);
      if (!admits(filter, request)) return;
      const message = { event: "request", id: String(entry.id), data: JSON.stringify(request) };
      written = written.then(() => events.writeSSE(message)).catch(() => undefined);
    };
    for (const entry of journal.numbered().slice(-(filter.limit ?? firstEvents))) send(entry);
    const unwatch = journal.watch(send);
    await new Promise<void>((resolve) => {
      const end = () => resolve();
      events.onAbort(() => {
        closing.removeEventListener("abort", end);
        end();
      });
      closing.addEventListener("abort", end, { once: true });
    });
    unwatch();
  });
}
