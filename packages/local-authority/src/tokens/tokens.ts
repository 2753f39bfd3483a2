import type { RequestedClaims } from "./claims-parameter.js";
import type { App, Lifetimes, Tenant, User } from "../config/config.js";
import type { TenantScope } from "../directory.js";
import { guidFrom, sha256 } from "../crypto/opaque.js";
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
}

/** The input for an access token that carries a user's permissions. */
export interface UserTokenInput extends AccessTokenInput {
  readonly signIn: SignIn;
  readonly permissions: readonly string[];
}

/** The input for an app's own access token, or with `fmiPath` for that of a part of the app. */
export interface AppTokenInput extends AccessTokenInput {
  readonly fmiPath?: string;
}

/**
 * Returns the object ID of an app in a tenant: the `oid` and `sub` claims of the app's own tokens, the same in every run.
 *
 * @param tenantId GUID of the tenant, in lower case
 * @param clientId client ID of the app, spelled as in the configuration
 * @returns a GUID in lower case; the arguments are not checked
 *
 * @example
 * ```ts
 * import { appObjectId, startLocalAuthority } from "@tessera/local-authority";
 *
 * const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
 * const partner = await startLocalAuthority({ http: true });
 * const subject = appObjectId(tenantId, "c0c0c0c0-0000-4000-8000-0000000000a4");
 * // The partner's app can authenticate as "workload" with its own tokens.
 * const federatedCredentials = [{ issuer: partner.issuer(tenantId), subject }];
 * const authority = await startLocalAuthority({
 *   tenants: [{ id: tenantId, apps: [{ clientId: "workload", federatedCredentials }] }],
 * });
 * await authority.close();
 * await partner.close();
 * ```
 */
export function appObjectId(tenantId: string, clientId: string): string {
  return guidFrom(JSON.stringify([tenantId, clientId]));
}

/**
 * Returns the `sub` claim of an app token that was requested with an `fmi_path`, in Entra's format.
 *
 * @param tenantId GUID of the tenant
 * @param clientId client ID of the app; a GUID at Entra
 * @param fmiPath the parameter `fmi_path` of the token request
 * @returns `/eid1/c/pub/t/{tenant}/a/{app}/{path}`, with the GUIDs as base64url of their bytes in .NET's order; the arguments
 * are not checked
 *
 * @example
 * ```ts
 * import { fmiSubject, startLocalAuthority } from "@tessera/local-authority";
 *
 * const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
 * const blueprintId = "c0c0c0c0-0000-4000-8000-0000000000a4";
 * // The agent authenticates with a token that its blueprint requests with fmi_path=agent.
 * const federatedCredentials = [{ subject: fmiSubject(tenantId, blueprintId, "agent") }];
 * const authority = await startLocalAuthority({
 *   tenants: [{ id: tenantId, apps: [{ clientId: "agent", federatedCredentials }] }],
 * });
 * await authority.close();
 * ```
 */
export function fmiSubject(tenantId: string, clientId: string, fmiPath: string): string {
  return `/eid1/c/pub/t/${compact(tenantId)}/a/${compact(clientId)}/${fmiPath}`;
}

/** Encodes a GUID in .NET's byte order, base64url; any other ID as base64url of its characters. */
function compact(id: string): string {
  const bytes = Buffer.from(id.replaceAll("-", ""), "hex");
  if (bytes.length !== 16) return Buffer.from(id).toString("base64url");
  const swapped = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)].map((part) =>
    part.reverse(),
  );
  return Buffer.concat([...swapped, bytes.subarray(8)]).toString("base64url");
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
export function validity(
  { clock, config }: AuthorityState,
  lifetime: keyof Pick<Lifetimes, "accessToken" | "idToken">,
) {
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
