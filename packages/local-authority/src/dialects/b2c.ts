import type { JWTPayload } from "jose";
import type { Tenant, User } from "../config.js";
import { randomId } from "../opaque.js";
import { readDefaultScope, readEntraScopes, type RequestedScopes, type ScopeAsk } from "../scopes.js";
import type { AuthorityState } from "../state.js";
import { appObjectId, clientInfo, halfHash, validity, type AccessTokenOrder } from "../tokens.js";
import { b2cError } from "./b2c-errors.js";
import type { Dialect } from "./dialect.js";

/**
 * Azure AD B2C: a policy (user flow) in the path, an issuer with a slash at its end, and access tokens only for APIs.
 * https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview
 */
export const b2c: Dialect = {
  readScopes: readB2cScopes,
  readAppAudience: readDefaultScope,

  grantedScopes: ({ permissions, oidc, write, audience }) => ({
    claim: permissions,
    response: [...permissions.map(write), ...(audience === "" ? oidc : [])],
  }),

  idTokenClaims: (state, { at, app, tenant, signIn, nonce, code }) => ({
    aud: app.clientId,
    ...common(state, tenant, "idToken"),
    ...aboutUser(signIn.user),
    auth_time: signIn.authTime,
    ...(nonce === undefined ? {} : { nonce }),
    ...(code === undefined ? {} : { c_hash: halfHash(code) }),
    tfp: at.policy,
  }),

  userTokenClaims: (state, order) => ({
    ...accessTokenClaims(state, order),
    ...aboutUser(order.signIn.user),
    scp: order.permissions.join(" "),
    tfp: order.at.policy,
  }),

  appTokenClaims: (state, order) => ({
    ...accessTokenClaims(state, order),
    sub: appObjectId(order.tenant.id, order.app.clientId),
    ...(order.app.roles.length > 0 ? { roles: order.app.roles } : {}),
  }),

  givesRefreshToken: ({ oidc }) => oidc.includes("offline_access"),

  tokenResponse: ({ clock, config }, parts) => {
    const now = clock.seconds();
    const { accessToken, idToken, refreshToken, scope, resource, identity, at } = parts;
    const { lifetimes } = config;
    return {
      token_type: "Bearer",
      not_before: now,
      ...(accessToken === undefined
        ? {}
        : {
            access_token: accessToken,
            expires_in: lifetimes.accessToken,
            expires_on: now + lifetimes.accessToken,
            ...(resource === undefined ? {} : { resource }),
          }),
      ...(idToken === undefined ? {} : { id_token: idToken, id_token_expires_in: lifetimes.idToken }),
      ...(scope === undefined ? {} : { scope }),
      ...(refreshToken === undefined
        ? {}
        : { refresh_token: refreshToken, refresh_token_expires_in: lifetimes.refreshToken }),
      ...(identity === undefined
        ? {}
        : {
            client_info: clientInfo(`${identity.user.oid}-${at.policy?.toLowerCase() ?? ""}`, identity.home),
          }),
    };
  },

  errorBody: b2cError,
};

/** `https://localhost:{port}/{tenant id}/v2.0/`, the same for all policies. */
export function b2cIssuer(url: string, tenant: Tenant): string {
  return `${url}/${tenant.id}/v2.0/`;
}

/** A client id as a scope means the app itself as the API; OpenID Connect scopes alone ask for no access token. */
function readB2cScopes(ask: ScopeAsk): RequestedScopes {
  const own = ask.app.clientId;
  const words = (ask.scope ?? "").split(" ").filter((word) => word !== own);
  const asksForItself = words.length < (ask.scope ?? "").split(" ").length;
  const scope = [...words, ...(asksForItself ? [`${own}/.default`] : [])].join(" ");
  const scopes = readEntraScopes({ ...ask, scope });
  if (asksForItself) return { ...scopes, permissions: [own], write: () => own };
  return scopes.permissions.length === 0 ? { ...scopes, audience: "" } : scopes;
}

function common(state: AuthorityState, tenant: Tenant, lifetime: "idToken" | "accessToken") {
  return { iss: b2cIssuer(state.url, tenant), ver: "1.0", ...validity(state, lifetime) };
}

function accessTokenClaims(state: AuthorityState, order: AccessTokenOrder): JWTPayload {
  const { app, tenant, audience, azpacr, boundTo } = order;
  return {
    aud: audience,
    ...common(state, tenant, "accessToken"),
    azp: app.clientId,
    azpacr,
    ...(boundTo === undefined ? {} : { cnf: { "x5t#S256": boundTo } }),
    uti: randomId(16),
  };
}

function aboutUser({ oid, name, email }: User) {
  return { sub: oid, oid, name, emails: [email] };
}
