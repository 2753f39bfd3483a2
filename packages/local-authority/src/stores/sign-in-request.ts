import type { App } from "../config/config.js";
import type { TenantScope } from "../directory.js";

/** Where the authorization response is sent. Errors found before this is known are shown, never redirected (RFC 6749 §4.1.2.1). */
export interface ReturnAddress {
  readonly at: TenantScope;
  readonly app: App;
  readonly redirectUri: string;
  readonly responseMode: "query" | "fragment" | "form_post";
  readonly state?: string;
  /** `true` if the client requested `client_info` in the response. */
  readonly clientInfo: boolean;
}

/** A request for a user to sign in, from an app or a device. */
export interface SignInRequest {
  readonly app: App;
  readonly at: TenantScope;
  readonly scopes: RequestedScopes;
  readonly scope: string;
  readonly resource?: string;
  readonly prompts: readonly string[];
  readonly loginHint?: string;
  readonly domainHint?: string;
  /** The `sid` of the requested session. */
  readonly sessionId?: string;
  readonly claims?: string;
  /** In seconds. */
  readonly maxAge?: string;
}

/** A checked authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1). */
export interface AuthorizationRequest extends ReturnAddress, SignInRequest {
  /** `true` to return an ID token with the code (OpenID Connect Core §3.3). */
  readonly isHybrid: boolean;
  readonly nonce?: string;
  readonly codeChallenge?: string;
  readonly codeChallengeMethod?: string;
}

/** A parsed `scope` parameter (RFC 6749 §3.3, in Entra's form `{resource}/{permission}`). */
export interface RequestedScopes {
  /** The resource, as the client spelled it. */
  readonly resource: string;
  /** The `aud` claim of the access token. */
  readonly audience: string;
  /** Delegated permissions without the resource, including `.default`. */
  readonly permissions: readonly string[];
  /** The requested scopes among `openid`, `profile`, `email` and `offline_access`. */
  readonly oidc: readonly string[];
  /** Formats a permission as the client spelled it, so that the client's cache finds it. */
  readonly write: (permission: string) => string;
}
