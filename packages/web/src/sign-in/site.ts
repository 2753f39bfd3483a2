import type { Clock, ConfidentialClientApplication } from "@tessera/node";
import type { WebStore } from "../web-store.js";
import type { KeyRing } from "./key-ring.js";
import type { SessionRecords } from "./session-store.js";
import type { WebSignInProblem } from "./web-sign-in-problem.js";

/** What the sign-in needs of an application. */
export type SignInApplication = Pick<
  ConfidentialClientApplication,
  | "acquireTokenByAuthCodeFlow"
  | "acquireTokenOnBehalfOf"
  | "buildEndSessionUrl"
  | "endOnBehalfOfSession"
  | "initiateAuthCodeFlow"
  | "signOut"
  | "validateLogoutToken"
>;

/** A website that signs users in: its checked options. Built once. */
export interface Site {
  readonly app: SignInApplication;
  /** URL of the site as its users see it, with a slash at its end. */
  readonly baseUrl: URL;
  /** URL to return to after a sign-out at the provider, as it is registered there. */
  readonly postLogoutRedirectUri: string;
  readonly paths: Paths;
  readonly scopes: readonly string[];
  readonly responseMode: ResponseModeOption;
  readonly prompt: string | undefined;
  readonly keys: KeyRing;
  readonly store: WebStore | undefined;
  /** The sessions of all processes, in the store. */
  readonly records: SessionRecords | undefined;
  /** Names of the cookies of sessions, and beginnings of those of flows. */
  readonly cookieNames: { readonly session: string; readonly flow: string };
  /** Whether the site has TLS; only on localhost it need not. */
  readonly isSecure: boolean;
  readonly idleSeconds: number;
  readonly maxSeconds: number;
  /** Names of the claims that the session keeps. */
  readonly claims: readonly string[];
  readonly clock: Clock;
  readonly errorPage:
    ((problem: WebSignInProblem, request: Request) => Response | Promise<Response>) | undefined;
}

/** How the provider sends its answer. */
export type ResponseModeOption = "query" | "form_post" | "query.jwt" | "form_post.jwt";

/** The paths that the sign-in serves. */
export interface Paths {
  readonly root: string;
  readonly signIn: string;
  readonly callback: string;
  readonly signOut: string;
  readonly frontChannelLogout: string;
  readonly backChannelLogout: string;
}

/** Whether the provider's answer is a form that its page posts: then cookies of the flow have to be sent from there. */
export function isPosted({ responseMode }: Site): boolean {
  return responseMode.startsWith("form_post");
}
