import type { Clock } from "@tessera/node";
import type { WebStore } from "../web-store.js";
import type { ResponseModeOption, SignInApplication } from "./site.js";
import type { WebSignInProblem } from "./web-sign-in-problem.js";

/** Options of {@link createWebSignIn}. */
export interface WebSignInOptions {
  /** The application, a `ConfidentialClientApplication`: its cache keeps the tokens. */
  readonly app: SignInApplication;
  /**
   * URL of the site as its users see it. Cookies, redirects and routes follow from it, never from the `Host` header. With `https`,
   * except on localhost.
   */
  readonly baseUrl: string | URL;
  /** Scopes that users consent to when they sign in. */
  readonly scopes?: readonly string[];
  readonly session: WebSessionOptions;
  /** Where the routes are, below `baseUrl`. Default `/auth`. */
  readonly path?: string;
  /**
   * How the provider sends its answer. Default `query`. For `form_post`, the cookie of a flow is `SameSite=None`, because the
   * provider's page posts the answer.
   */
  readonly responseMode?: ResponseModeOption;
  /** `prompt` of every sign-in, such as `select_account`. */
  readonly prompt?: string;
  /** URL to return to after the sign-out at the provider, as it is registered there. Default `baseUrl`, as it is written. */
  readonly postLogoutRedirectUri?: string;
  /** Makes the page that says why a sign-in has not come about. */
  readonly errorPage?: (problem: WebSignInProblem, request: Request) => Response | Promise<Response>;
  /** Source of the time, for tests. */
  readonly clock?: Clock;
}

/** How sessions are kept. */
export interface WebSessionOptions {
  /**
   * Secrets that the cookies are encrypted with, of at least 32 random characters. The first one encrypts, all decrypt: a new one is
   * put in front, and the last one removed `maxSeconds` later.
   */
  readonly secrets: readonly string[];
  /**
   * What the processes of the site share. Without a store, a cookie is all there is of a session: a copy of it outlives the
   * sign-out, and the provider cannot end a session.
   */
  readonly store?: WebStore;
  /** Seconds without a request after which a session is over. Default two hours. */
  readonly idleSeconds?: number;
  /** Seconds after which a session is over whatever happens. Default twelve hours. */
  readonly maxSeconds?: number;
  /**
   * Names of claims of the ID token that `user.claims` has, the most important first: those that do not fit into a cookie are left
   * out.
   */
  readonly claims?: readonly string[];
  /** Name of the cookies. Default `tessera`; with `https`, `__Host-` stands before it. */
  readonly name?: string;
}
