import type { JWTPayload } from "jose";
import type { Tenant, User } from "../config/config.js";
import { randomId } from "../crypto/opaque.js";
import { readDefaultScope, readEntraScopes, type ScopeRequest } from "../tokens/scopes.js";
import type { RequestedScopes } from "../stores/sign-in-request.js";
import type { AuthorityState } from "../state.js";
import { objectIdOf } from "../tokens/object-ids.js";
import { clientInfo, halfHash, validity, type AccessTokenInput } from "../tokens/tokens.js";
import { b2cError } from "./b2c-errors.js";
import type { Dialect } from "./dialect.js";

/**
 * Azure AD B2C: a policy (user flow) in the path, an issuer with a trailing slash, and access tokens only for APIs.
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
    ...commonClaims(state, tenant, "idToken"),
    ...userClaims(signIn.user),
    auth_time: signIn.authTime,
    ...(nonce === undefined ? {} : { nonce }),
    ...(code === undefined ? {} : { c_hash: halfHash(code) }),
    tfp: at.policy,
  }),

  userTokenClaims: (state, input) => ({
    ...accessTokenClaims(state, input),
    ...userClaims(input.signIn.user),
    scp: input.permissions.join(" "),
    tfp: input.at.policy,
  }),

  appTokenClaims: (state, input) => ({
    ...accessTokenClaims(state, input),
    sub: objectIdOf(input.app, input.tenant),
    ...(input.app.roles.length > 0 ? { roles: input.app.roles } : {}),
  }),

  issuesRefreshToken: ({ oidc }) => oidc.includes("offline_access"),

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

/** Returns the issuer, which is the same for all policies: `https://localhost:{port}/{tenant id}/v2.0/`. */
export function b2cIssuer(url: string, tenant: Tenant): string {
  return `${url}/${tenant.id}/v2.0/`;
}

/** Requesting the client ID as a scope returns a token for the app itself; OpenID Connect scopes alone return no access token. */
function readB2cScopes(request: ScopeRequest): RequestedScopes {
  const own = request.app.clientId;
  const words = (request.scope ?? "").split(" ").filter((word) => word !== own);
  const requestsOwnApi = words.length < (request.scope ?? "").split(" ").length;
  const scope = [...words, ...(requestsOwnApi ? [`${own}/.default`] : [])].join(" ");
  const scopes = readEntraScopes({ ...request, scope, resource: undefined });
  if (requestsOwnApi) return { ...scopes, permissions: [own], write: () => own };
  return scopes.permissions.length === 0 ? { ...scopes, audience: "" } : scopes;
}

function commonClaims(state: AuthorityState, tenant: Tenant, lifetime: "idToken" | "accessToken") {
  return { iss: b2cIssuer(state.url, tenant), ver: "1.0", ...validity(state, lifetime) };
}

function accessTokenClaims(state: AuthorityState, input: AccessTokenInput): JWTPayload {
  const { app, tenant, audience, azpacr, boundTo } = input;
  return {
    aud: audience,
    ...commonClaims(state, tenant, "accessToken"),
    azp: app.clientId,
    azpacr,
    ...(boundTo === undefined ? {} : { cnf: { "x5t#S256": boundTo } }),
    uti: randomId(16),
  };
}

function userClaims({ oid, name, email }: User) {
  return { sub: oid, oid, name, emails: [email] };
}
