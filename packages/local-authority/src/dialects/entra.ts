import type { JWTPayload } from "jose";
import type { AuthorityConfig } from "../config/config.js";
import { describe, errorUri } from "../errors/errors.js";
import { randomId } from "../crypto/opaque.js";
import { isGraph, readDefaultScope, readEntraScopes } from "../tokens/scopes.js";
import type { RequestedScopes } from "../stores/sign-in-request.js";
import type { AuthorityState } from "../state.js";
import { agentClaims } from "../tokens/agent-claims.js";
import { fmiSubject, objectIdOf } from "../tokens/object-ids.js";
import {
  clientInfo,
  halfHash,
  issuerOf,
  loginHintOf,
  pairwiseSubject,
  validity,
  type AccessTokenInput,
} from "../tokens/tokens.js";
import type { Dialect } from "./dialect.js";

/** Microsoft Entra, v2.0 endpoints. */
export const entra: Dialect = {
  readScopes: readEntraScopes,
  readAppAudience: readDefaultScope,
  grantedScopes,

  /** https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference */
  idTokenClaims: (state, input) => {
    const { app, tenant, signIn, scopes, claims } = input;
    const { user } = signIn;
    const requested = (claim: string) => claims.idToken.includes(claim);
    return {
      aud: app.clientId,
      iss: issuerOf(state.url, tenant.id),
      ...validity(state, "idToken"),
      ...(input.withAuthTime || requested("auth_time") ? { auth_time: signIn.authTime } : {}),
      ...(input.code === undefined ? {} : { c_hash: halfHash(input.code) }),
      ...(scopes.includes("email") || requested("email") ? { email: user.email } : {}),
      ...(requested("login_hint") ? { login_hint: loginHintOf(user, tenant) } : {}),
      ...(input.nonce === undefined ? {} : { nonce: input.nonce }),
      ...(scopes.includes("profile")
        ? { name: user.name, oid: user.oid, preferred_username: user.username }
        : {}),
      rh: rh(),
      ...(requested("sid") ? { sid: signIn.sessionId } : {}),
      sub: pairwiseSubject(user, app, tenant),
      tid: tenant.id,
      uti: randomId(16),
      ver: "2.0",
    };
  },

  /** https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
  userTokenClaims: (state, input) => {
    const { app, tenant, signIn } = input;
    const { user } = signIn;
    return {
      ...accessTokenClaims(state, input),
      // A later on-behalf-of request reads from it how the user signed in.
      ...(signIn.multiFactor === true ? { amr: ["pwd", "mfa"] } : {}),
      email: user.email,
      ...agentClaims(state.directory, app, input.audience, user),
      idtyp: "user",
      name: user.name,
      oid: user.oid,
      preferred_username: user.username,
      scp: input.permissions.join(" "),
      sid: signIn.sessionId,
      sub: pairwiseSubject(user, app, tenant),
    };
  },

  appTokenClaims: (state, input) => {
    const { app, tenant, fmiPath } = input;
    const oid = objectIdOf(app, tenant);
    return {
      ...accessTokenClaims(state, input),
      ...agentClaims(state.directory, app, input.audience),
      idtyp: "app",
      oid,
      ...(app.roles.length > 0 ? { roles: app.roles } : {}),
      sub: fmiPath === undefined ? oid : fmiSubject(tenant.id, app.clientId, fmiPath),
      ...(app.managedIdentity === undefined ? {} : { xms_mirid: app.managedIdentity.resourceId }),
    };
  },

  issuesRefreshToken: ({ oidc }) => oidc.includes("offline_access"),

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

/** Returns the lifetime fields of token responses, in seconds. */
function expiry(config: AuthorityConfig) {
  const lifetime = config.lifetimes.accessToken;
  return {
    expires_in: lifetime,
    ext_expires_in: config.extExpiresIn ?? lifetime,
    ...(config.refreshIn === undefined ? {} : { refresh_in: config.refreshIn }),
  };
}

function accessTokenClaims(state: AuthorityState, input: AccessTokenInput): JWTPayload {
  const { app, tenant, audience, claims, azpacr, boundTo, lifetime = "accessToken" } = input;
  return {
    aud: audience,
    iss: issuerOf(state.url, tenant.id),
    ...validity(state, lifetime),
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
 * Entra returns scopes in the form they were requested, includes a literal `.default` so that the client's cache finds it,
 * omits `offline_access`, and treats OpenID Connect scopes as permissions of Microsoft Graph.
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

/** Returns the permissions that `.default` stands for: those an administrator granted the app for the resource. */
function defaultPermissions(scopes: RequestedScopes, state: AuthorityState): readonly string[] {
  if (isGraph(scopes.audience)) return ["User.Read"];
  const declared = state.directory.appById(scopes.audience)?.scopes ?? [];
  return declared.length > 0 ? declared : ["user_impersonation"];
}

function rh(): string {
  return `1.${randomId(32)}.`;
}
