import type { JWTPayload } from "jose";
import type { SignedInUser, TenantScope } from "../directory.js";
import type { AadstsError, Trace } from "../errors.js";
import type { RequestedScopes, ScopeAsk } from "../scopes.js";
import type { AuthorityState } from "../state.js";
import type { AppTokenOrder, IdTokenOrder, UserTokenOrder } from "../tokens.js";
import { adfs } from "./adfs.js";
import { b2c } from "./b2c.js";
import { entra } from "./entra.js";

/**
 * What tells the kinds of authorities apart: how they read what they are asked for, and what they write into tokens,
 * answers and errors. Who may do what is decided elsewhere, for all of them alike.
 */
export interface Dialect {
  /** Reads the scopes of a user flow. @throws {AadstsError} for what is not to be had here */
  readonly readScopes: (ask: ScopeAsk) => RequestedScopes;
  /** Reads what an app wants a token of its own for. @returns its `aud`. @throws {AadstsError} as `readScopes` */
  readonly readAppAudience: (ask: ScopeAsk) => string;
  readonly grantedScopes: (scopes: RequestedScopes, state: AuthorityState) => GrantedScopes;
  readonly idTokenClaims: (state: AuthorityState, order: IdTokenOrder) => JWTPayload;
  readonly userTokenClaims: (state: AuthorityState, order: UserTokenOrder) => JWTPayload;
  readonly appTokenClaims: (state: AuthorityState, order: AppTokenOrder) => JWTPayload;
  /** Whether the answer to a grant has a refresh token. */
  readonly givesRefreshToken: (scopes: RequestedScopes, grantType: string | undefined) => boolean;
  /** The token response, from what goes into it. */
  readonly tokenResponse: (state: AuthorityState, parts: ResponseParts) => TokenResponse;
  readonly errorBody: (failure: AadstsError, trace: Trace, url: string) => ErrorBody;
  /** The HTTP status of every error; absent: each has its own. */
  readonly errorStatus?: 400;
}

/** `claim` goes into `scp`, `response` into `scope`. */
export interface GrantedScopes {
  readonly claim: readonly string[];
  readonly response: readonly string[];
}

export interface ResponseParts {
  readonly at: TenantScope;
  /** Absent where only the user's identity was asked for. */
  readonly accessToken?: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  readonly scope?: string;
  /** What the access token is for, in the client's words. */
  readonly resource?: string;
  /** Who signed in, if the client wants to know (`client_info=1`). */
  readonly identity?: SignedInUser;
  readonly familyId?: string;
}

/** A successful token response (RFC 6749 §5.1) with what each kind of authority adds. */
export type TokenResponse = Readonly<Record<string, string | number>>;

/** The error body of RFC 6749 §5.2 with what each kind of authority adds. */
export interface ErrorBody extends Readonly<Record<string, unknown>> {
  readonly error: string;
  readonly error_description: string;
}

const dialects = { entra, b2c, adfs } as const satisfies Readonly<Record<TenantScope["kind"], Dialect>>;

export function dialectOf({ kind }: Pick<TenantScope, "kind">): Dialect {
  return dialects[kind];
}

/** Which dialect an error at a path is written in, when nothing else is known of the request. */
export function dialectAt(path: string): Dialect {
  if (/^\/adfs\//.test(path)) return adfs;
  return policyPath.test(path) ? b2c : entra;
}

const policyPath = /^\/[^/]+\/b2c_1/i;

/** Within what a code or a refresh token is good: all of Entra, one policy of B2C, or the AD FS. */
export function realmOf({ kind, tenant, policy }: TenantScope): string {
  return kind === "b2c" ? JSON.stringify([tenant?.id, policy?.toLowerCase()]) : kind;
}
