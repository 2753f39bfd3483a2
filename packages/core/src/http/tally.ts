import type { HttpResponse } from "./http-client.js";

/** What a call has cost so far. One call may send several requests, and wait for the stored cache. */
export class Tally {
  /** Requests sent, repeated ones as well. */
  attempts = 0;
  networkMs = 0;
  cacheMs = 0;
  /** The provider's name for the last request. */
  requestId = "";
  readonly #startedAt = performance.now();

  /** Notes that a request is sent, and returns the time. */
  begun(): number {
    this.attempts += 1;
    return performance.now();
  }

  /** Notes that its response has come, or that it failed. */
  ended(startedAt: number, response: HttpResponse | undefined): void {
    this.networkMs += performance.now() - startedAt;
    if (response) this.requestId = requestIdOf(response) || this.requestId;
  }

  /** Notes that the cache has been written. */
  written(startedAt: number): void {
    this.cacheMs += performance.now() - startedAt;
  }

  /** Milliseconds since the call began. */
  totalMs(): number {
    return performance.now() - this.#startedAt;
  }
}

/** Headers in which providers identify a request for their support: Entra, Okta, Auth0, AWS, GitHub and others. */
export const REQUEST_ID_HEADERS = [
  "x-ms-request-id",
  "x-okta-request-id",
  "x-auth0-requestid",
  "x-amzn-requestid",
  "x-github-request-id",
  "x-request-id",
  "request-id",
] as const;

/** Longest request ID that is accepted. */
const LONGEST_ID = 128;

/** Returns the provider's name for a request, or `""`. */
function requestIdOf({ headers }: Pick<HttpResponse, "headers">): string {
  for (const name of REQUEST_ID_HEADERS) {
    const value = headers[name];
    // A value with other characters may quote something, so it does not identify a request.
    if (value !== undefined && value.length <= LONGEST_ID && /^[\w.:/+=-]+$/.test(value)) return value;
  }
  return "";
}
