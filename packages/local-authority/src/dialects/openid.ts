import type { JWTPayload } from "jose";
import type { Tenant } from "../config/config.js";
import { randomId } from "../crypto/opaque.js";
import { AadstsError, refuse } from "../errors/errors.js";
import { absoluteUrl } from "../http/absolute-url.js";
import type { AuthorityState } from "../state.js";
import type { RequestedScopes } from "../stores/sign-in-request.js";
import { objectIdOf } from "../tokens/object-ids.js";
import { oidcScopes, sameResource, type ScopeRequest } from "../tokens/scopes.js";
import { halfHash, pairwiseSubject, validity, type AccessTokenInput } from "../tokens/tokens.js";
import type { Dialect } from "./dialect.js";

/**
 * A provider that follows the standards and nothing else: OpenID Connect Core, access tokens of RFC 9068, and the parameter
 * `resource` of RFC 8707, which becomes the audience.
 */
export const openid: Dialect = {
  readScopes: readPlainScopes,
  readAppAudience: (request) => readPlainScopes(request).audience,

  grantedScopes: ({ permissions, oidc }) => {
    const claim = [...permissions, ...oidc.filter((scope) => scope !== "offline_access")];
    return { claim, response: [...permissions, ...oidc] };
  },

  idTokenClaims: (state, { app, tenant, signIn, scopes, nonce, code }) => ({
    iss: openidIssuer(state.url, tenant),
    aud: app.clientId,
    sub: pairwiseSubject(signIn.user, app, tenant),
    ...validity(state, "idToken"),
    auth_time: signIn.authTime,
    ...(nonce === undefined ? {} : { nonce }),
    ...(code === undefined ? {} : { c_hash: halfHash(code) }),
    ...(scopes.includes("profile")
      ? { name: signIn.user.name, preferred_username: signIn.user.username }
      : {}),
    ...(scopes.includes("email") ? { email: signIn.user.email } : {}),
  }),

  userTokenClaims: (state, input) => ({
    ...accessTokenClaims(state, input),
    sub: pairwiseSubject(input.signIn.user, input.app, input.tenant),
    scope: input.permissions.join(" "),
  }),

  appTokenClaims: (state, input) => ({
    ...accessTokenClaims(state, input),
    sub: objectIdOf(input.app, input.tenant),
    ...(input.scope === undefined ? {} : { scope: input.scope }),
  }),

  issuesRefreshToken: ({ oidc }) => oidc.includes("offline_access"),

  tokenResponse: ({ config }, { accessToken, refreshToken, idToken, scope }) => ({
    access_token: accessToken ?? "",
    token_type: "Bearer",
    expires_in: config.lifetimes.accessToken,
    ...(scope === undefined ? {} : { scope }),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(idToken === undefined ? {} : { id_token: idToken }),
  }),

  errorBody: ({ error, text }) => ({ error: errors.get(error) ?? error, error_description: text }),
};

/** The errors that only Entra has, in the words of RFC 6749 and RFC 8707. */
const errors: ReadonlyMap<string, string> = new Map([
  ["invalid_resource", "invalid_target"],
  ["consent_required", "invalid_grant"],
]);

/** Returns the issuer of a tenant: `https://localhost:{port}/{tenant id}/openid`. */
export function openidIssuer(url: string, { id }: Pick<Tenant, "id">): string {
  return `${url}/${id}/openid`;
}

/** Scopes are names, and the resource has a parameter of its own. Without one, the token is for the app itself. */
function readPlainScopes(request: ScopeRequest): RequestedScopes {
  const words = [...new Set((request.scope ?? "").split(" ").filter((word) => word !== ""))];
  if (words.some((word) => !scopeToken.test(word))) throw refuse(70011, { scope: words.join(" ") });
  const resource = readResource(request);
  return {
    resource,
    audience: resource,
    permissions: words.filter((word) => !oidcScopes.includes(word)),
    oidc: words.filter((word) => oidcScopes.includes(word)),
    write: (permission) => permission,
  };
}

/** RFC 6749 §3.3 */
const scopeToken = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** @throws {AadstsError} `invalid_target` (RFC 8707 §2) */
function readResource({ resource, previousResource, app, directory }: ScopeRequest): string {
  if (resource === undefined) return previousResource ?? app.clientId;
  const refuseTarget = (text: string) =>
    new AadstsError({
      code: 500011,
      error: "invalid_target",
      status: 400,
      text,
      suberror: undefined,
      claims: undefined,
    });
  if (absoluteUrl(resource) === undefined || resource.includes("#")) {
    throw refuseTarget(`The resource ${resource} is not an absolute URI without a fragment.`);
  }
  if (previousResource !== undefined && previousResource !== resource) {
    throw refuseTarget(`The grant is for ${previousResource}, and not for ${resource}.`);
  }
  const { resources } = directory;
  if (resources?.some((known) => sameResource(known) === sameResource(resource)) === false) {
    throw refuseTarget(`The resource ${resource} is unknown.`);
  }
  return resource;
}

/** RFC 9068 §2.2 */
function accessTokenClaims(state: AuthorityState, input: AccessTokenInput): JWTPayload {
  const { app, tenant, audience, boundTo } = input;
  return {
    iss: openidIssuer(state.url, tenant),
    aud: audience,
    client_id: app.clientId,
    ...validity(state, "accessToken"),
    ...(boundTo === undefined ? {} : { cnf: { "x5t#S256": boundTo } }),
    jti: randomId(16),
  };
}
