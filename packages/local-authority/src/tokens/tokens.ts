import type { RequestedClaims } from "./claims-parameter.js";
import type { App, Lifetimes, Tenant, User } from "../config/config.js";
import type { TenantScope } from "../directory.js";
import { sha256 } from "../crypto/opaque.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";

/** Returns the `iss` claim of Entra's tokens: `https://localhost:{port}/{tenant}/v2.0`. */
export function issuerOf(url: string, tenantId: string): string {
  return `${url}/${tenantId}/v2.0`;
}

/** The input for an ID token. */
export interface IdTokenInput {
  readonly at: TenantScope;
  readonly app: App;
  readonly tenant: Tenant;
  readonly signIn: SignIn;
  /** The OpenID Connect scopes, which select the claims about the user (OpenID Connect Core §5.4). */
  readonly scopes: readonly string[];
  readonly nonce?: string;
  readonly claims: RequestedClaims;
  readonly withAuthTime: boolean;
  /** The authorization code issued with the token, for the `c_hash` claim. */
  readonly code?: string;
}

/** The input for an access token. */
export interface AccessTokenInput {
  readonly at: TenantScope;
  readonly app: App;
  readonly tenant: Tenant;
  readonly audience: string;
  readonly claims: RequestedClaims;
  /** How the client authenticated: `0` not at all, `1` with a secret, `2` with a certificate or assertion. */
  readonly azpacr: "0" | "1" | "2";
  /** Hash of the TLS client certificate that the token is bound to (RFC 8705 §3.1). */
  readonly boundTo?: string;
  /** Default `accessToken`. */
  readonly lifetime?: keyof Lifetimes;
}

/** The input for an access token that carries a user's permissions. */
export interface UserTokenInput extends AccessTokenInput {
  readonly signIn: SignIn;
  readonly permissions: readonly string[];
}

/** The input for an app's own access token, or with `fmiPath` for that of a part of the app. */
export interface AppTokenInput extends AccessTokenInput {
  /** The requested scope, which a standard issuer grants to every app. */
  readonly scope?: string;
  readonly fmiPath?: string;
}

/** Returns the `client_info` parameter. MSAL combines `uid` and `utid` into the home account ID. */
export function clientInfo(uid: string, home: Tenant): string {
  return Buffer.from(JSON.stringify({ uid, utid: home.id })).toString("base64url");
}

/** Returns the opaque `login_hint` claim, which clients send back as the parameter `login_hint`. */
export function loginHintOf(user: User, tenant: Tenant): string {
  return `O.${Buffer.from(JSON.stringify([tenant.id, user.username])).toString("base64url")}`;
}

/** Returns the username in a `login_hint` parameter, plain or opaque. */
export function readLoginHint(hint: string): string {
  if (!hint.startsWith("O.")) return hint;
  try {
    const parts: unknown = JSON.parse(Buffer.from(hint.slice(2), "base64url").toString());
    return Array.isArray(parts) && typeof parts[1] === "string" ? parts[1] : hint;
  } catch {
    return hint;
  }
}

/** Returns the `iat`, `nbf` and `exp` claims (RFC 7519 §4.1) of a token issued now. */
export function validity({ clock, config }: AuthorityState, lifetime: keyof Lifetimes) {
  const now = clock.seconds();
  return { iat: now, nbf: now, exp: now + config.lifetimes[lifetime] };
}

/**
 * Returns a pairwise subject identifier (OpenID Connect Core §8.1), which differs by app and is the same in every
 * run.
 */
export function pairwiseSubject(user: User, app: App, tenant: Tenant): string {
  return sha256(JSON.stringify([tenant.id, user.oid, app.clientId]));
}

/** Returns the left half of the SHA-256 hash (OpenID Connect Core §3.3.2.11). */
export function halfHash(text: string): string {
  return Buffer.from(sha256(text), "base64url").subarray(0, 16).toString("base64url");
}
