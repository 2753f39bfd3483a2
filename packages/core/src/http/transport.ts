import { pause, type Clock } from "../clock.js";
import type { Logger } from "../logger.js";
import { attempt, turnAt, type Attempted, type Call, type Content } from "./attempt.js";
import { Budget, CALL_BUDGET_MS } from "./budget.js";
import { checkHeaders } from "./header-value.js";
import type { Host, Turn } from "./host.js";
import { Hosts } from "./hosts.js";
import type { ClientTls, HttpClient, HttpRequest, HttpResponse } from "./http-client.js";
import { serverOf, type Observer } from "../observer.js";
import {
  DEFAULT_RETRIES,
  waitAfterAnswer,
  waitAfterFailure,
  waitBySchedule,
  type Repeats,
  type Schedule,
} from "./retry-policy.js";
import { sharedUrl, withoutQuery } from "./secure-url.js";
import { pauseAfter, withAttempts } from "./throttle.js";

export type { Call };

/** Sends requests through the injected {@link HttpClient}, with limits, retries where they may help, and descriptive errors. */
export interface Transport {
  /** What is known about the hosts that requests were sent to. */
  readonly hosts: Hosts;
  /** Returns a budget for all requests of a call together. */
  budget(): Budget;
  /** Fetches a document, again after a failure, because a GET has no side effects. */
  get(url: string, call: Call, options?: GetOptions): Promise<HttpResponse>;
  /** Sends JSON, or deletes. Repeated only if it has certainly not been processed. */
  send(
    method: "POST" | "PUT" | "DELETE",
    url: string,
    content: { readonly json?: object; readonly headers: Readonly<Record<string, string>> },
    call: Call,
  ): Promise<HttpResponse>;
  /** Posts a form. */
  post(url: string, form: Form, call: Call): Promise<HttpResponse>;
  /** Returns the channel binding for a Kerberos ticket for a URL, if it is known; see {@link HttpClient}. */
  channelBinding(url: string): Uint8Array | undefined;
}

/** Options of {@link Transport.get}. */
export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The time for all attempts together, in milliseconds. */
  readonly timeoutMs?: number;
  /** The URL to show in log lines and errors, when the path of the real one names a user. */
  readonly shownAs?: string;
  /** When it is sent again, if the host prescribes it. */
  readonly schedule?: Schedule | undefined;
}

/** A form to post. */
export interface Form {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Secrets in a body that is not a form. */
  readonly secrets?: readonly string[];
  /** Certificate to present in TLS. */
  readonly tls?: ClientTls | undefined;
  /** The time for all attempts together, in milliseconds. */
  readonly timeoutMs?: number;
  /** When it is sent again; by default only if it has certainly not been processed. */
  readonly repeats?: Repeats;
  /** When it is sent again, if the host prescribes it. */
  readonly schedule?: Schedule | undefined;
  /** See {@link HttpRequest}. */
  readonly onSend?: HttpRequest["onSend"];
  /** Makes it again for another attempt, because a proof may be good for one attempt only. */
  readonly again?: () => Promise<Pick<Form, "body" | "headers">>;
}

/** Options of {@link createTransport}. */
export interface TransportOptions {
  readonly http: HttpClient;
  readonly clock: Clock;
  /** What is known about hosts, to share it with another transport. */
  readonly hosts?: Hosts;
  /** Receives the method, host and path of each request, never its query, headers, body or user. */
  readonly logger: () => Logger;
  /** Further attempts of a request, at most. */
  readonly retries?: number | undefined;
  /** The time for all requests of one call together, in milliseconds. */
  readonly budgetMs?: number | undefined;
  readonly observer?: (() => Observer | undefined) | undefined;
}

/** A request, and what decides whether it is sent again. */
interface Outgoing {
  readonly content: Content;
  /** Method and URL, as log lines and errors show them. */
  readonly line: string;
  readonly repeats: Repeats;
  readonly timeoutMs?: number | undefined;
  readonly schedule?: Schedule | undefined;
  readonly again?: Form["again"];
}

export function createTransport({
  http,
  clock,
  logger,
  hosts = new Hosts(clock, logger),
  retries = DEFAULT_RETRIES,
  budgetMs = CALL_BUDGET_MS,
  observer,
}: TransportOptions): Transport {
  return {
    hosts,
    budget: () => new Budget(clock, budgetMs),
    channelBinding: (url) => http.channelBinding?.(sharedUrl(url).origin),
    get(url, call, { headers, timeoutMs, schedule, shownAs = url } = {}) {
      const content = { method: "GET" as const, url, headers: { accept: "application/json", ...headers } };
      const line = `GET ${withoutQuery(shownAs)}`;
      return send({ content, line, repeats: "always", timeoutMs, schedule }, call);
    },
    send(method, url, { json, headers }, call) {
      const type: Record<string, string> = json ? { "content-type": "application/json" } : {};
      const all = { accept: "application/json", ...type, ...headers };
      const content = { method, url, headers: all, body: json && JSON.stringify(json) };
      return send({ content, line: `${method} ${withoutQuery(url)}`, repeats: "unprocessed" }, call);
    },
    post(url, form, call) {
      const { headers, body, secrets, tls, onSend } = form;
      const method = "POST" as const;
      const content = { method, url, headers: formHeaders(headers), body, secrets, tls, onSend };
      const { timeoutMs, repeats = "unprocessed", schedule, again } = form;
      return send({ content, line: `POST ${withoutQuery(url)}`, repeats, timeoutMs, schedule, again }, call);
    },
  };

  /** Sends a request, and again while that may help and there is time. */
  async function send(outgoing: Outgoing, call: Call): Promise<HttpResponse> {
    const { line, repeats, schedule } = outgoing;
    let { content } = outgoing;
    call.signal?.throwIfAborted();
    checkHeaders(content.headers, call.correlationId);
    const host = hosts.of(sharedUrl(content.url).host);
    const time = timeFor(call, outgoing.timeoutMs);
    const statuses: number[] = [];
    let outcome: Attempted | undefined;
    host.count();
    for (let number = 1; ; number += 1) {
      const mayRepeat = schedule !== undefined || number <= retries;
      let turn: Turn;
      try {
        turn = await turnAt(host, call, time);
      } catch (error) {
        call.signal?.throwIfAborted();
        if (!outcome) throw error;
        // Meanwhile, other requests have found that the host does not work.
        return resultOf(outcome, number - 1, host);
      }
      // A slow document is fetched once more.
      const halves = content.method === "GET" && mayRepeat && !schedule;
      // Rounded, because the difference of two times may exceed the timeout by a fraction.
      const timeoutMs = Math.round(halves ? time.left() / 2 : time.left());
      const isRepeatable = mayRepeat && repeats === "always";
      const limits = { timeoutMs, isRepeatable, isShort: (call.budget ?? time).isShort };
      outcome = await attempt(
        { http, hosts, host, turn, logger, observer },
        { content, line, ...limits },
        call,
      );
      if (outcome.response) {
        statuses.push(outcome.response.status);
        countPause(outcome.response, host);
      }
      const wait = mayRepeat ? waitAfter(outcome, outgoing, { number, statuses }) : undefined;
      if (wait === undefined || wait >= time.left() || host.restMs > wait)
        return resultOf(outcome, number, host);
      // Attempts that the host prescribes are counted, but not refused.
      if (!host.mayRepeat() && !schedule) return resultOf(outcome, number, host);
      const reason = outcome.error ? "no answer" : `HTTP ${outcome.response.status}`;
      logger().verbose(`${line}: ${reason}, sent again in ${Math.round(wait)} ms.`, call.correlationId);
      observer?.()?.count("retry", {
        ...serverOf(host.name),
        "error.type": outcome.error ? outcome.failure : String(outcome.response.status),
      });
      try {
        if (wait > 0) await pause(clock, wait, call.signal);
      } catch (reason) {
        // The server has asked for this pause: equal calls have to know of it, although nobody waits for this one any more.
        if (outcome.response?.headers["retry-after"] === undefined) throw reason;
        return resultOf(outcome, number, host);
      }
      if (outgoing.again) {
        const { body, headers } = await outgoing.again();
        content = { ...content, body, headers: formHeaders(headers) };
      }
    }
  }

  function countPause(response: HttpResponse, { name }: Host): void {
    if (response.status < 400 || pauseAfter(response, clock) === undefined) return;
    observer?.()?.count("throttled", { ...serverOf(name), "error.type": String(response.status) });
  }

  function timeFor({ budget }: Call, timeoutMs: number | undefined): Budget {
    if (timeoutMs === undefined) return budget ?? new Budget(clock, budgetMs);
    return new Budget(clock, Math.min(timeoutMs, budget?.left() ?? timeoutMs));
  }

  function waitAfter(
    outcome: Attempted,
    { repeats, content, schedule }: Outgoing,
    { number, statuses }: { readonly number: number; readonly statuses: readonly number[] },
  ): number | undefined {
    const { error, response } = outcome;
    // A host with a schedule answers at once or not at all.
    if (error && schedule && outcome.failure !== "closed") return undefined;
    if (error) return waitAfterFailure(outcome.failure, repeats, number);
    if (schedule) return waitBySchedule(schedule, statuses, response, clock);
    return waitAfterAnswer(response, {
      repeats,
      isDocument: content.method === "GET",
      attempt: number,
      clock,
    });
  }
}

/** Returns the outcome of the last attempt, with the number of attempts and for how long the host is left alone now. */
function resultOf({ response, error }: Attempted, attempts: number, { restMs }: Host): HttpResponse {
  const rest = restMs > 0 ? { restMs } : undefined;
  if (response) return attempts > 1 || rest ? { ...response, attempts, ...rest } : response;
  throw withAttempts(error, { status: 0, attempts, ...rest });
}

function formHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return {
    // Same spelling as MSAL passes to an app's own network client.
    "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
    accept: "application/json",
    ...headers,
  };
}
