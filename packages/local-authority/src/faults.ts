import { dialectAt } from "./dialects/dialect.js";
import { refuse, type Trace } from "./errors.js";
import { endpointNames, type EndpointName, type RecordedRequest } from "./journal.js";
import { LocalAuthorityConfigurationError, checkKeys } from "./config-checks.js";

/** Something that shall go wrong. With neither `status`, `headers`, `body` nor `reset`, the request is only delayed. */
export interface Fault {
  /** An endpoint, a pattern for the path, or a test on the request. */
  readonly match: EndpointName | RegExp | ((request: RecordedRequest) => boolean);
  /** How many requests it meets. Default 1; `Infinity`: until it is cleared. */
  readonly times?: number;
  /** Answer with this HTTP status, and do nothing else. Default 200 when there are headers or a body. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, so it may be garbage. Default: for an error status the JSON that Entra sends, else nothing. */
  readonly body?: string;
  /** Milliseconds to wait first, by the real clock. */
  readonly delayMs?: number;
  /** Destroy the connection instead of answering. */
  readonly reset?: boolean;
}

export interface FaultHandle {
  /** How many requests have met it. */
  readonly hits: number;
  /** Ends it. */
  readonly clear: () => void;
}

export interface Faults {
  add(fault: Fault): FaultHandle;
  /** The first fault that waits for such a request; it counts as met. */
  take(request: RecordedRequest): Fault | undefined;
}

const keys = ["match", "times", "status", "headers", "body", "delayMs", "reset"];

export function createFaults(): Faults {
  const waiting = new Set<{ readonly fault: Fault; hits: number }>();
  return {
    add: (fault) => {
      check(fault);
      const entry = { fault, hits: 0 };
      waiting.add(entry);
      return {
        get hits() {
          return entry.hits;
        },
        clear: () => void waiting.delete(entry),
      };
    },
    take: (request) => {
      const entry = [...waiting].find(({ fault }) => matches(fault.match, request));
      if (entry === undefined) return undefined;
      entry.hits += 1;
      if (entry.hits >= (entry.fault.times ?? 1)) waiting.delete(entry);
      return entry.fault;
    },
  };
}

/** The answer of a fault. */
export function answerOf(
  { status = 200, headers, body }: Fault,
  path: string,
  trace: Trace,
  url: string,
): Response {
  if (body !== undefined || status < 400)
    return new Response(body ?? null, { status, headers: { ...headers } });
  const failure = refuse(status === 429 ? 90055 : 90033);
  return Response.json(dialectAt(path).errorBody(failure, trace, url), { status, headers: { ...headers } });
}

/** Whether the fault takes the place of the endpoint's own answer. */
export function replacesAnswer(fault: Fault): boolean {
  return fault.status !== undefined || fault.headers !== undefined || fault.body !== undefined;
}

function matches(match: Fault["match"], request: RecordedRequest): boolean {
  if (typeof match === "function") return match(request);
  return typeof match === "string" ? match === request.endpoint : match.test(request.path);
}

function check(fault: Fault): void {
  checkKeys("fault", fault, keys);
  const { match, status, times, delayMs } = fault;
  const isKnown =
    typeof match === "function" || match instanceof RegExp || endpointNames.some((name) => name === match);
  if (!isKnown) {
    const known = endpointNames.join(", ");
    throw new LocalAuthorityConfigurationError(
      "fault.match",
      match,
      `give a function, a pattern for the path, or the name of an endpoint: ${known}`,
    );
  }
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw new LocalAuthorityConfigurationError("fault.status", status, "give an HTTP status from 200 to 599");
  }
  if (times !== undefined && !(times >= 1)) {
    throw new LocalAuthorityConfigurationError("fault.times", times, "give 1 or more, or Infinity");
  }
  if (delayMs !== undefined && !(delayMs >= 0)) {
    throw new LocalAuthorityConfigurationError("fault.delayMs", delayMs, "give milliseconds, 0 or more");
  }
}
