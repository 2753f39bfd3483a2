import type { JWTPayload } from "jose";
import type { AuthorityConfig } from "../config.js";
import { describe, errorUri } from "../errors.js";
import { randomId } from "../opaque.js";
import { isGraph, readDefaultScope, readEntraScopes, type RequestedScopes } from "../scopes.js";
import type { AuthorityState } from "../state.js";
import {
  appObjectId,
  clientInfo,
  fmiSubject,
  halfHash,
  issuerOf,
  loginHintOf,
  pairwiseSubject,
  validity,
  type AccessTokenOrder,
} from "../tokens.js";
import type { Dialect } from "./dialect.js";

/** Microsoft Entra, v2.0 endpoints. */
export const entra: Dialect = {
  readScopes: readEntraScopes,
  readAppAudience: readDefaultScope,
  grantedScopes,

  /** https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference */
  idTokenClaims: (state, order) => {
    const { app, tenant, signIn, scopes, claims } = order;
    const { user } = signIn;
    const asked = (claim: string) => claims.idToken.includes(claim);
    return {
      aud: app.clientId,
      iss: issuerOf(state.url, tenant.id),
      ...validity(state, "idToken"),
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
    };
  },

  /** https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
  userTokenClaims: (state, order) => {
    const { app, tenant, signIn } = order;
    const { user } = signIn;
    return {
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
    };
  },

  appTokenClaims: (state, order) => {
    const { app, tenant, fmiPath } = order;
    const oid = appObjectId(tenant.id, app.clientId);
    return {
      ...accessTokenClaims(state, order),
      idtyp: "app",
      oid,
      ...(app.roles.length > 0 ? { roles: app.roles } : {}),
      sub: fmiPath === undefined ? oid : fmiSubject(tenant.id, app.clientId, fmiPath),
    };
  },

  givesRefreshToken: ({ oidc }) => oidc.includes("offline_access"),

  tokenResponse: ({ config }, parts) => ({
    token_type: "Bearer",
    ...(parts.scope === undefined ? {} : { scope: parts.scope }),
    ...expiry(config),
    access_token: parts.accessToken ?? "",
    ...(parts.refreshToken === undefined ? {} : { refresh_token: parts.refreshToken }),
    ...(parts.idToken === undefined ? {} : { id_token: parts.idToken }),
    ...(parts.identity === undefined
      ? {}
      : { client_info: clientInfo(parts.identity.user.oid, parts.identity.home) }),
    ...(parts.familyId === undefined ? {} : { foci: parts.familyId }),
  }),

  errorBody: (failure, trace, url) => ({
    error: failure.error,
    error_description: describe(failure, trace),
    error_codes: [failure.code],
    timestamp: trace.timestamp,
    trace_id: trace.traceId,
    correlation_id: trace.correlationId,
    error_uri: errorUri(failure, url),
    ...(failure.suberror === undefined ? {} : { suberror: failure.suberror }),
    ...(failure.claims === undefined ? {} : { claims: failure.claims }),
  }),
};

/** The time fields of every token response, in seconds. */
function expiry(config: AuthorityConfig) {
  const lifetime = config.lifetimes.accessToken;
  return {
    expires_in: lifetime,
    ext_expires_in: config.extExpiresIn ?? lifetime,
    ...(config.refreshIn === undefined ? {} : { refresh_in: config.refreshIn }),
  };
}

function accessTokenClaims(state: AuthorityState, order: AccessTokenOrder): JWTPayload {
  const { app, tenant, audience, claims, azpacr, boundTo } = order;
  return {
    aud: audience,
    iss: issuerOf(state.url, tenant.id),
    ...validity(state, "accessToken"),
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

/**
 * Entra answers in the form in which it was asked, keeps the literal `.default` so that a cache finds what it asked for,
 * never names `offline_access`, and counts the OpenID Connect scopes as permissions of Microsoft Graph.
 */
function grantedScopes(scopes: RequestedScopes, state: AuthorityState) {
  const isDefault = scopes.permissions.includes(".default");
  const named = isDefault ? defaultPermissions(scopes, state) : scopes.permissions;
  const oidc = isGraph(scopes.audience) ? scopes.oidc.filter((scope) => scope !== "offline_access") : [];
  const claim = [...named, ...oidc];
  return {
    claim: claim.length > 0 ? claim : ["User.Read"],
    response: [...named.map(scopes.write), ...oidc, ...(isDefault ? [scopes.write(".default")] : [])],
  };
}

/** What `.default` stands for: the permissions an administrator gave the app for this resource. */
function defaultPermissions(scopes: RequestedScopes, state: AuthorityState): readonly string[] {
  if (isGraph(scopes.audience)) return ["User.Read"];
  const declared = state.directory.appById(scopes.audience)?.scopes ?? [];
  return declared.length > 0 ? declared : ["user_impersonation"];
}

function rh(): string {
  return `1.${randomId(32)}.`;
}
