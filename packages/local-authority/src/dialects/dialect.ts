import type { JWTPayload } from "jose";
import type { SignedInUser, TenantScope } from "../directory.js";
import type { AadstsError } from "../errors/errors.js";
import type { Trace } from "../errors/trace.js";
import type { ScopeRequest } from "../tokens/scopes.js";
import type { RequestedScopes } from "../stores/sign-in-request.js";
import type { AuthorityState } from "../state.js";
import type { AppTokenInput, IdTokenInput, UserTokenInput } from "../tokens/tokens.js";

/**
 * The differences between kinds of authorities: how they read scopes, and what they put into tokens, responses and errors.
 * Access decisions are the same for all kinds and made elsewhere.
 */
export interface Dialect {
  /** Parses the scopes of a request for a user. @throws {AadstsError} if they cannot be requested here */
  readonly readScopes: (ask: ScopeRequest) => RequestedScopes;
  /** Parses the resource of an app token. @returns its `aud` claim @throws {AadstsError} like `readScopes` */
  readonly readAppAudience: (ask: ScopeRequest) => string;
  readonly grantedScopes: (scopes: RequestedScopes, state: AuthorityState) => GrantedScopes;
  readonly idTokenClaims: (state: AuthorityState, input: IdTokenInput) => JWTPayload;
  readonly userTokenClaims: (state: AuthorityState, input: UserTokenInput) => JWTPayload;
  readonly appTokenClaims: (state: AuthorityState, input: AppTokenInput) => JWTPayload;
  /** Whether a grant's response includes a refresh token. */
  readonly issuesRefreshToken: (scopes: RequestedScopes, grantType: string | undefined) => boolean;
  /** Assembles the token response. */
  readonly tokenResponse: (state: AuthorityState, parts: ResponseParts) => TokenResponse;
  readonly errorBody: (failure: AadstsError, trace: Trace, url: string) => ErrorBody;
  /** The HTTP status of all errors; absent if it depends on the error. */
  readonly errorStatus?: 400;
}

/** `claim` is the content of the `scp` claim, `response` that of the `scope` parameter. */
export interface GrantedScopes {
  readonly claim: readonly string[];
  readonly response: readonly string[];
}

/** The content of a token response. */
export interface ResponseParts {
  readonly at: TenantScope;
  /** Absent if only the user's identity was requested. */
  readonly accessToken?: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  readonly scope?: string;
  /** The resource of the access token, as the client spelled it. */
  readonly resource?: string;
  /** The user, if the client requested `client_info`. */
  readonly identity?: SignedInUser;
  readonly familyId?: string;
}

/** A successful token response (RFC 6749 §5.1) with the additions of each kind of authority. */
export type TokenResponse = Readonly<Record<string, string | number>>;

/** An error response (RFC 6749 §5.2) with the additions of each kind of authority. */
export interface ErrorBody extends Readonly<Record<string, unknown>> {
  readonly error: string;
  readonly error_description: string;
}
