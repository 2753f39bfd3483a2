import type { HttpRequest, HttpResponse } from "./http/http-client.js";

/** A step of an acquisition that takes time. `operation` is a public method of an application, with all that it takes. */
export type Step = "operation" | "discovery" | "key_fetch" | "token_request" | "cache_load" | "cache_save";

/** What happened, as the application counts it. */
export type Counted = "hit" | "miss" | "renewal" | "retry" | "throttled";

/** Attributes with the names of OpenTelemetry's semantic conventions, where there are any. Never a secret. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Adds facts to a step that is under way. */
export type Tell = (facts: Facts) => void;

/** What a token is for. Observers leave it out, unless the application asks for it. */
export interface Subject {
  readonly tenant: string;
  readonly scopes: readonly string[];
  /** Home account ID of the user. */
  readonly user?: string | undefined;
}

/**
 * Watches what a client does, for traces and metrics. Without one, nothing is prepared for it. An observer never changes
 * what comes of a step.
 */
export interface Observer {
  /** Runs a step. */
  around<T>(step: Step, facts: Facts, run: (tell: Tell) => Promise<T>): Promise<T>;
  /** Sends one HTTP request. A step sends several, if one is repeated. */
  request(
    sent: Pick<HttpRequest, "method" | "url">,
    send: () => Promise<HttpResponse>,
  ): Promise<HttpResponse>;
  /** Counts an event. */
  count(event: Counted, facts: Facts, subject?: Subject): void;
  /** Notes that the application gets a token. */
  handedOut(secondsLeft: number, facts: Facts, subject: Subject): void;
}

/** The server that a step is about. */
export function serverOf(host: string): Facts {
  return { "server.address": host.replace(/:\d+$/, "") };
}

const untold: Tell = () => undefined;

/** Runs a step, inside the observer if there is one. */
export function observed<T>(
  observer: Observer | undefined,
  step: Step,
  facts: Facts,
  run: (tell: Tell) => Promise<T>,
): Promise<T> {
  return observer ? observer.around(step, facts, run) : run(untold);
}
