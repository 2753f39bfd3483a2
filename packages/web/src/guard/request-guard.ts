import type { Caller } from "./caller.js";
import type { CheckOptions, GuardedRequest } from "./options.js";

/** The outcome of a check: the caller, or the response that refuses the request. */
export type Checked =
  | {
      readonly caller: Caller;
      readonly response?: undefined;
      readonly reason?: undefined;
      readonly cause?: undefined;
    }
  | {
      readonly response: Response;
      readonly caller?: undefined;
      /** Why, for the log. Holds no token. */
      readonly reason: string;
      /** The error behind it, if there is one. */
      readonly cause?: unknown;
    };

/** Checks requests. */
export interface RequestGuard {
  /**
   * Checks who calls, and whether the caller may. The demands of an operation replace those of the guard.
   *
   * @returns never rejects because of a request
   */
  check(request: GuardedRequest, options?: CheckOptions): Promise<Checked>;
  /** Answers a request for the API's metadata (RFC 9728); `undefined` for any other request. */
  handle(request: Pick<GuardedRequest, "method" | "url">): Promise<Response | undefined>;
}
