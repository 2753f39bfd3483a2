import { endpointNames, type EndpointName, type RecordedRequest } from "../http/journal.js";
import { LocalAuthorityConfigurationError, checkKeys } from "../config/checks.js";

/** A failure to simulate. Without `status`, `headers`, `body`, `rewrite` and `reset`, the request is only delayed. */
export interface Fault {
  /** The requests to affect: an endpoint name, a pattern for the path, or a predicate. */
  readonly match: EndpointName | RegExp | ((request: RecordedRequest) => boolean);
  /** The number of requests to affect. Default 1; `Infinity` affects requests until the fault is cleared. */
  readonly times?: number;
  /** HTTP status to respond with instead of calling the endpoint. Default 200 if `headers` or `body` is set. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Response body, sent unchanged. Default: the endpoint's own JSON for an error status, otherwise empty. */
  readonly body?: string;
  /** Changes the JSON of the endpoint's own response, and returns what to send instead. */
  readonly rewrite?: (json: Readonly<Record<string, unknown>>) => unknown;
  /** Delay before the response, in milliseconds of real time. */
  readonly delayMs?: number;
  /** Destroy the connection instead of responding. */
  readonly reset?: boolean;
}

/** Controls a fault that was added with `fault`. */
export interface FaultHandle {
  /** The number of requests affected so far. */
  readonly hits: number;
  /** Removes the fault. */
  readonly clear: () => void;
}

/** A fault that waits for requests. */
export interface ActiveFault {
  readonly id: number;
  readonly fault: Fault;
  readonly hits: number;
}

export interface Faults {
  add(fault: Fault): FaultHandle & { readonly id: number };
  /** Those that can still affect a request, oldest first. */
  list(): readonly ActiveFault[];
  /** @returns `false` if there is no such fault */
  remove(id: number): boolean;
  /** Returns the first fault that matches the request, and counts the hit. */
  take(request: RecordedRequest): Fault | undefined;
}

const keys = ["match", "times", "status", "headers", "body", "rewrite", "delayMs", "reset"];

export function createFaults(): Faults {
  const active = new Set<{ readonly id: number; readonly fault: Fault; hits: number }>();
  let last = 0;
  return {
    list: () => [...active],
    remove: (id) => {
      const entry = [...active].find((each) => each.id === id);
      return entry !== undefined && active.delete(entry);
    },
    add: (fault) => {
      check(fault);
      last += 1;
      const entry = { id: last, fault, hits: 0 };
      active.add(entry);
      return {
        id: entry.id,
        get hits() {
          return entry.hits;
        },
        clear: () => void active.delete(entry),
      };
    },
    take: (request) => {
      const entry = [...active].find(({ fault }) => matches(fault.match, request));
      if (entry === undefined) return undefined;
      entry.hits += 1;
      if (entry.hits >= (entry.fault.times ?? 1)) active.delete(entry);
      return entry.fault;
    },
  };
}

/** Returns the response that a fault produces. @param errorBody the JSON for an error status without a body */
export function faultResponse({ status = 200, headers, body }: Fault, errorBody: () => object): Response {
  if (body !== undefined || status < 400)
    return new Response(body ?? null, { status, headers: { ...headers } });
  return Response.json(errorBody(), { status, headers: { ...headers } });
}

/** Whether the fault replaces the endpoint's response. */
export function replacesResponse(fault: Fault): boolean {
  return fault.status !== undefined || fault.headers !== undefined || fault.body !== undefined;
}

function matches(match: Fault["match"], request: RecordedRequest): boolean {
  if (typeof match === "function") return match(request);
  return typeof match === "string" ? match === request.endpoint : match.test(request.path);
}

function check(fault: Fault): void {
  checkKeys("fault", fault, keys);
  const { match, status, times, rewrite, delayMs } = fault;
  const isKnown =
    typeof match === "function" || match instanceof RegExp || endpointNames.some((name) => name === match);
  if (!isKnown) {
    const known = endpointNames.join(", ");
    throw new LocalAuthorityConfigurationError(
      "fault.match",
      match,
      `use a function, a pattern for the path, or an endpoint name: ${known}`,
    );
  }
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw new LocalAuthorityConfigurationError("fault.status", status, "use an HTTP status from 200 to 599");
  }
  if (rewrite !== undefined && (typeof rewrite !== "function" || replacesResponse(fault))) {
    throw new LocalAuthorityConfigurationError(
      "fault.rewrite",
      rewrite,
      "use a function, without status, headers and body: it changes the endpoint's own response",
    );
  }
  if (times !== undefined && !(times >= 1)) {
    throw new LocalAuthorityConfigurationError("fault.times", times, "use 1 or more, or Infinity");
  }
  if (delayMs !== undefined && !(delayMs >= 0)) {
    throw new LocalAuthorityConfigurationError("fault.delayMs", delayMs, "use milliseconds, 0 or more");
  }
}
