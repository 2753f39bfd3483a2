import type { RequestedClaims } from "./claims-parameter.js";
import type { App, Lifetimes, Tenant, User } from "./config.js";
import type { TenantScope } from "./directory.js";
import { guidFrom, sha256 } from "./opaque.js";
import type { AuthorityState } from "./state.js";
import type { SignIn } from "./stores/sessions.js";

/** `https://localhost:{port}/{tenant}/v2.0`: the `iss` of every token of Entra. */
export function issuerOf(url: string, tenantId: string): string {
  return `${url}/${tenantId}/v2.0`;
}

export interface IdTokenOrder {
  readonly at: TenantScope;
  readonly app: App;
  readonly tenant: Tenant;
  readonly signIn: SignIn;
  /** `openid`, `profile`, `email`: which claims about the user it may carry (OpenID Connect Core §5.4). */
  readonly scopes: readonly string[];
  readonly nonce?: string;
  readonly claims: RequestedClaims;
  readonly withAuthTime: boolean;
  /** The code it comes with, to which it is tied by `c_hash`. */
  readonly code?: string;
}

export interface AccessTokenOrder {
  readonly at: TenantScope;
  readonly app: App;
  readonly tenant: Tenant;
  readonly audience: string;
  readonly claims: RequestedClaims;
  /** How the client proved itself: `0` not at all, `1` secret, `2` certificate or assertion. */
  readonly azpacr: "0" | "1" | "2";
  /** The hash of the TLS client certificate the token is bound to (RFC 8705 §3.1). */
  readonly boundTo?: string;
}

/** An access token for a user's permissions. */
export interface UserTokenOrder extends AccessTokenOrder {
  readonly signIn: SignIn;
  readonly permissions: readonly string[];
}

/** An access token for the app itself. With `fmiPath` it stands for a part of the app. */
export interface AppTokenOrder extends AccessTokenOrder {
  readonly fmiPath?: string;
}

/** The object id of an app in a tenant: `oid` and `sub` of its tokens. The same in every run. */
export function appObjectId(tenantId: string, clientId: string): string {
  return guidFrom(JSON.stringify([tenantId, clientId]));
}

/** The `sub` of an app's token that was asked for with an `fmi_path`, in Entra's form. */
export function fmiSubject(tenantId: string, clientId: string, fmiPath: string): string {
  return `/eid1/c/pub/t/${compact(tenantId)}/a/${compact(clientId)}/${fmiPath}`;
}

/** A GUID in the byte order of .NET, base64url; any other id as it is. */
function compact(id: string): string {
  const bytes = Buffer.from(id.replaceAll("-", ""), "hex");
  if (bytes.length !== 16) return Buffer.from(id).toString("base64url");
  const swapped = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)].map((part) =>
    part.reverse(),
  );
  return Buffer.concat([...swapped, bytes.subarray(8)]).toString("base64url");
}

/** `client_info`: `uid` and `utid` make the home account id of MSAL. */
export function clientInfo(uid: string, home: Tenant): string {
  return Buffer.from(JSON.stringify({ uid, utid: home.id })).toString("base64url");
}

/** The opaque hint that Entra puts into the `login_hint` claim, to be sent back as the parameter of that name. */
export function loginHintOf(user: User, tenant: Tenant): string {
  return `O.${Buffer.from(JSON.stringify([tenant.id, user.username])).toString("base64url")}`;
}

/** @returns the username a `login_hint` parameter stands for, whether plain or opaque */
export function readLoginHint(hint: string): string {
  if (!hint.startsWith("O.")) return hint;
  try {
    const parts: unknown = JSON.parse(Buffer.from(hint.slice(2), "base64url").toString());
    return Array.isArray(parts) && typeof parts[1] === "string" ? parts[1] : hint;
  } catch {
    return hint;
  }
}

/** From when until when a token is good (RFC 7519 §4.1), by its lifetime. */
export function validity(
  { clock, config }: AuthorityState,
  lifetime: keyof Pick<Lifetimes, "accessToken" | "idToken">,
) {
  const now = clock.seconds();
  return { iat: now, nbf: now, exp: now + config.lifetimes[lifetime] };
}

/** OpenID Connect Core §8.1: another subject for every app, the same one every time. */
export function pairwiseSubject(user: User, app: App, tenant: Tenant): string {
  return sha256(JSON.stringify([tenant.id, user.oid, app.clientId]));
}

/** OpenID Connect Core §3.3.2.11: the left half of the SHA-256 hash. */
export function halfHash(text: string): string {
  return Buffer.from(sha256(text), "base64url").subarray(0, 16).toString("base64url");
}
