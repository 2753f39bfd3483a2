import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import type { Logger } from "../logger.js";
import { correctionOf, isClockWrong, skewSentence } from "./clock-skew.js";
import { Host, type HostRecord } from "./host.js";
import type { HttpResponse } from "./http-client.js";
import { sharedUrl } from "./secure-url.js";

/** Maximum number of hosts that are remembered. */
const MOST_HOSTS = 100;

/** Returns the milliseconds since the epoch by the clock of a URL's host. */
export type TimeAt = (url: string) => number;

/** What an application knows about the hosts that it sends requests to. */
export class Hosts {
  readonly #clock: Clock;
  readonly #logger: (() => Logger) | undefined;
  readonly #hosts = new BoundedMap<Host>(MOST_HOSTS);
  /** The correction learned from the last host that sent a `Date`. */
  #correction = 0;

  constructor(clock: Clock, logger?: () => Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** @param name with a port that is not the usual one, as in `URL.host` */
  of(name: string): Host {
    const known = this.#hosts.get(name);
    if (known) return known;
    const created = new Host(name, this.#clock);
    this.#hosts.set(name, created);
    return created;
  }

  /** What is known about each host, for diagnostics; the one used last comes last. */
  records(): readonly HostRecord[] {
    return Array.from(this.#hosts.oldestFirst(), ([, host]) => host.record());
  }

  /** Notes the outcome of a request: the status, or the error of a request without an answer. */
  note(host: Host, outcome: unknown, correlationId: string): void {
    const failed = host.log.note(outcome, correlationId);
    if (failed === 0) return;
    const times = failed === 1 ? "a failed request" : `${failed} failed requests`;
    this.#logger?.().info(`${host.name} answers again, after ${times}.`, correlationId);
  }

  /** Milliseconds since the epoch, by this machine's clock. */
  now(): number {
    return this.#clock.now();
  }

  /**
   * Learns what a host's clock says, and warns when this machine's begins to differ.
   *
   * @param sentAt when the request was sent
   */
  learnTime(
    host: Host,
    response: HttpResponse,
    { sentAt, correlationId }: { readonly sentAt: number; readonly correlationId: string },
  ): void {
    const wasWrong = isClockWrong(host.skewMs);
    if (!host.learnTime(response, sentAt)) return;
    this.#correction = correctionOf(host.skewMs);
    if (!wasWrong && isClockWrong(host.skewMs))
      this.#logger?.().warning(skewSentence(host.name, host.skewMs), correlationId);
  }

  /**
   * Returns the milliseconds since the epoch by the clock of a URL's host: this machine's clock, corrected if the host's `Date`
   * shows that it is wrong. For a host that has not sent one, the correction learned from the last other host applies.
   */
  readonly timeAt: TimeAt = (url) => this.#clock.now() + this.correctionAt(url);

  /** The milliseconds that are added to this machine's clock for a URL's host. */
  correctionAt(url: string): number {
    const skew = this.#hosts.peek(hostIn(url))?.skewMs;
    return skew === undefined ? this.#correction : correctionOf(skew);
  }

  /** Describes how wrong this machine's clock is, compared with that of a URL's host; empty if it is right. */
  skewSentence(url: string): string {
    const host = hostIn(url);
    return skewSentence(host, this.#hosts.peek(host)?.skewMs);
  }
}

/** Returns the host of a URL, with its port unless that is the usual one. */
export function hostIn(url: string): string {
  try {
    return sharedUrl(url).host;
  } catch {
    return "";
  }
}
