import type { JWTPayload } from "jose";
import type { RequestedClaims } from "./claims-parameter.js";
import type { App, Tenant, User } from "./config.js";
import { signJwt } from "./jwt.js";
import { guidFrom, randomId, sha256 } from "./opaque.js";
import type { AuthorityState } from "./state.js";
import type { SignIn } from "./stores/sessions.js";

/** `https://localhost:{port}/{tenant}/v2.0`: the `iss` of every token. */
export function issuerOf(url: string, tenantId: string): string {
  return `${url}/${tenantId}/v2.0`;
}

export interface IdTokenOrder {
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

/** https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference */
export function signIdToken(state: AuthorityState, order: IdTokenOrder): Promise<string> {
  const { app, tenant, signIn, scopes, claims } = order;
  const { user } = signIn;
  const asked = (claim: string) => claims.idToken.includes(claim);
  return signJwt({
    aud: app.clientId,
    ...registered(state, tenant, state.config.lifetimes.idToken),
    ...(order.withAuthTime || asked("auth_time") ? { auth_time: signIn.authTime } : {}),
    ...(order.code === undefined ? {} : { c_hash: halfHash(order.code) }),
    ...(scopes.includes("email") || asked("email") ? { email: user.email } : {}),
    ...(asked("login_hint") ? { login_hint: loginHintOf(user, tenant) } : {}),
    ...(order.nonce === undefined ? {} : { nonce: order.nonce }),
    ...(scopes.includes("profile")
      ? { name: user.name, oid: user.oid, preferred_username: user.username }
      : {}),
    rh: rh(),
    ...(asked("sid") ? { sid: signIn.sessionId } : {}),
    sub: pairwiseSubject(user, app, tenant),
    tid: tenant.id,
    uti: randomId(16),
    ver: "2.0",
  });
}

export interface AccessTokenOrder {
  readonly app: App;
  readonly tenant: Tenant;
  readonly audience: string;
  readonly claims: RequestedClaims;
  /** How the client proved itself: `0` not at all, `1` secret, `2` certificate or assertion. */
  readonly azpacr: "0" | "1" | "2";
  /** The hash of the TLS client certificate the token is bound to (RFC 8705 §3.1). */
  readonly boundTo?: string;
}

/** An access token for a user's permissions. https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
export function signUserAccessToken(
  state: AuthorityState,
  order: AccessTokenOrder & { readonly signIn: SignIn; readonly permissions: readonly string[] },
): Promise<string> {
  const { app, tenant, signIn } = order;
  const { user } = signIn;
  return signJwt({
    ...accessTokenClaims(state, order),
    // Tells an on-behalf-of request later on how the user had signed in.
    ...(signIn.multiFactor === true ? { amr: ["pwd", "mfa"] } : {}),
    email: user.email,
    idtyp: "user",
    name: user.name,
    oid: user.oid,
    preferred_username: user.username,
    scp: order.permissions.join(" "),
    sid: signIn.sessionId,
    sub: pairwiseSubject(user, app, tenant),
  });
}

/** An access token for the app itself: `roles` in the place of `scp`. With `fmiPath` it stands for a part of the app. */
export function signAppAccessToken(
  state: AuthorityState,
  order: AccessTokenOrder & { readonly fmiPath?: string },
): Promise<string> {
  const { app, tenant, fmiPath } = order;
  const oid = appObjectId(tenant.id, app.clientId);
  return signJwt({
    ...accessTokenClaims(state, order),
    idtyp: "app",
    oid,
    ...(app.roles.length > 0 ? { roles: app.roles } : {}),
    sub: fmiPath === undefined ? oid : fmiSubject(tenant.id, app.clientId, fmiPath),
  });
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

/** `client_info`: `uid` and `utid` make the home account id of MSAL, the same in every tenant. */
export function clientInfo(user: User, home: Tenant): string {
  return Buffer.from(JSON.stringify({ uid: user.oid, utid: home.id })).toString("base64url");
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

function accessTokenClaims(state: AuthorityState, order: AccessTokenOrder): JWTPayload {
  const { app, tenant, audience, claims, azpacr, boundTo } = order;
  return {
    aud: audience,
    ...registered(state, tenant, state.config.lifetimes.accessToken),
    aio: randomId(32),
    appid: app.clientId,
    azp: app.clientId,
    azpacr,
    ...(boundTo === undefined ? {} : { cnf: { "x5t#S256": boundTo } }),
    rh: rh(),
    tid: tenant.id,
    uti: randomId(16),
    ver: "2.0",
    ...(claims.clientCapabilities.length > 0 ? { xms_cc: claims.clientCapabilities } : {}),
  };
}

function registered(state: AuthorityState, tenant: Tenant, lifetime: number) {
  const now = state.clock.seconds();
  return { iss: issuerOf(state.url, tenant.id), iat: now, nbf: now, exp: now + lifetime };
}

/** OpenID Connect Core §8.1: another subject for every app, the same one every time. */
function pairwiseSubject(user: User, app: App, tenant: Tenant): string {
  return sha256(JSON.stringify([tenant.id, user.oid, app.clientId]));
}

/** OpenID Connect Core §3.3.2.11: the left half of the SHA-256 hash. */
function halfHash(text: string): string {
  return Buffer.from(sha256(text), "base64url").subarray(0, 16).toString("base64url");
}

function rh(): string {
  return `1.${randomId(32)}.`;
}
