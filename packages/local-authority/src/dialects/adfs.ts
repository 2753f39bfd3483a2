import { isConfidential } from "../config/config.js";
import type { App, User } from "../config/config.js";
import { federationIssuer } from "../federation/audience.js";
import { guidFrom, randomId, sha256 } from "../crypto/opaque.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";
import {
  halfHash,
  pairwiseSubject,
  validity,
  type AccessTokenInput,
  type UserTokenInput,
} from "../tokens/tokens.js";
import { adfsError } from "./adfs-errors.js";
import { readAdfsAppAudience, readAdfsScopes } from "./adfs-scopes.js";
import type { Dialect } from "./dialect.js";

/**
 * AD FS 2019 and later: no `client_info`, a different issuer for access tokens than for ID tokens, and refresh tokens without
 * rotation. https://learn.microsoft.com/openspecs/windows_protocols/ms-oidce and …/ms-oapx
 */
export const adfs: Dialect = {
  readScopes: readAdfsScopes,
  readAppAudience: readAdfsAppAudience,

  grantedScopes: ({ permissions, oidc, write }) => {
    const named = permissions.filter((name) => name !== ".default");
    const visible = oidc.filter((scope) => scope !== "offline_access");
    return { claim: [...named, ...visible], response: [...permissions.map(write), ...visible] };
  },

  idTokenClaims: (state, input) => {
    const { app, signIn, scopes, nonce, code } = input;
    return {
      aud: app.clientId,
      iss: `${state.url}/adfs`,
      ...validity(state, "idToken"),
      auth_time: signIn.authTime,
      ...(nonce === undefined ? {} : { nonce }),
      ...(code === undefined ? {} : { c_hash: halfHash(code) }),
      sub: subject(input),
      ...nameClaims(signIn.user),
      ...(scopes.includes("email") ? { email: signIn.user.email } : {}),
      sid: securityId(signIn.user),
      ...appClaims(app),
      authmethod: authenticationMethod(signIn),
      scp: scopes.filter((scope) => scope !== "offline_access").join(" "),
    };
  },

  userTokenClaims: (state, input) => ({
    ...accessTokenClaims(state, input),
    sub: subject(input),
    ...nameClaims(input.signIn.user),
    authmethod: authenticationMethod(input.signIn),
    auth_time: isoTime(input.signIn.authTime),
    scp: input.permissions.join(" "),
  }),

  appTokenClaims: (state, input) => ({
    ...accessTokenClaims(state, input),
    ...(input.app.roles.length > 0 ? { roles: input.app.roles } : {}),
    authmethod: `${methods}/${input.azpacr === "1" ? "password" : "x509"}`,
    auth_time: isoTime(state.clock.seconds()),
  }),

  // A refresh token is issued regardless of the scopes. A redeemed one stays valid and is not replaced.
  issuesRefreshToken: (_, grantType) => grantType !== "refresh_token",

  tokenResponse: ({ config }, parts) => ({
    access_token: parts.accessToken ?? "",
    token_type: "bearer",
    expires_in: config.lifetimes.accessToken,
    ...(parts.refreshToken === undefined
      ? {}
      : {
          resource: parts.resource ?? "",
          refresh_token: parts.refreshToken,
          refresh_token_expires_in: config.lifetimes.refreshToken,
        }),
    ...(parts.scope === undefined ? {} : { scope: parts.scope }),
    ...(parts.idToken === undefined ? {} : { id_token: parts.idToken }),
  }),

  errorBody: adfsError,
  errorStatus: 400,
};

const methods = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod";
const passwordMethod = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
/** AD FS's identifier of multi-factor authentication. */
export const multiFactorMethod = "http://schemas.microsoft.com/claims/multipleauthn";

function accessTokenClaims(state: AuthorityState, { app, audience, boundTo }: AccessTokenInput) {
  return {
    aud: audience,
    iss: federationIssuer(state.url),
    ...validity(state, "accessToken"),
    ...(boundTo === undefined ? {} : { cnf: { "x5t#S256": boundTo } }),
    ...appClaims(app),
    // Makes tokens that are issued in the same second unique.
    jti: randomId(16),
  };
}

function appClaims(app: App) {
  return { apptype: isConfidential(app) ? "Confidential" : "Public", appid: app.clientId, ver: "1.0" };
}

/** Returns the user principal name and the Windows account name (`CONTOSO\alice`). */
function nameClaims({ username }: User) {
  const [name = "", domain = ""] = username.split("@");
  return { upn: username, unique_name: `${(domain.split(".")[0] ?? "").toUpperCase()}\\${name}` };
}

/** AD FS uses standard Base64 with padding. */
function subject({ app, tenant, signIn }: Pick<UserTokenInput, "app" | "tenant" | "signIn">): string {
  return Buffer.from(pairwiseSubject(signIn.user, app, tenant), "base64url").toString("base64");
}

/** Returns a Windows security identifier, the same in every run. */
function securityId({ oid }: User): string {
  const parts = Buffer.from(guidFrom(sha256(oid)).replaceAll("-", ""), "hex");
  return `S-1-5-21-${[0, 4, 8].map((offset) => parts.readUInt32BE(offset)).join("-")}-${1000 + parts.readUInt16BE(12)}`;
}

function authenticationMethod({ multiFactor = false }: SignIn): string {
  return multiFactor ? multiFactorMethod : passwordMethod;
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
