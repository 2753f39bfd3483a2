import { isConfidential } from "../client-authentication/authenticate-client.js";
import type { App, User } from "../config.js";
import { federationIssuer } from "../federation/audience.js";
import { guidFrom, randomId, sha256 } from "../opaque.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";
import {
  halfHash,
  pairwiseSubject,
  validity,
  type AccessTokenOrder,
  type UserTokenOrder,
} from "../tokens.js";
import { adfsError } from "./adfs-errors.js";
import { readAdfsAppAudience, readAdfsScopes } from "./adfs-scopes.js";
import type { Dialect } from "./dialect.js";

/**
 * AD FS 2019 and later. https://learn.microsoft.com/openspecs/windows_protocols/ms-oidce and …/ms-oapx: no `client_info`,
 * access tokens of another issuer than ID tokens, and refresh tokens that are given once.
 */
export const adfs: Dialect = {
  readScopes: readAdfsScopes,
  readAppAudience: readAdfsAppAudience,

  grantedScopes: ({ permissions, oidc, write }) => {
    const named = permissions.filter((name) => name !== ".default");
    const shown = oidc.filter((scope) => scope !== "offline_access");
    return { claim: [...named, ...shown], response: [...permissions.map(write), ...shown] };
  },

  idTokenClaims: (state, order) => {
    const { app, signIn, scopes, nonce, code } = order;
    return {
      aud: app.clientId,
      iss: `${state.url}/adfs`,
      ...validity(state, "idToken"),
      auth_time: signIn.authTime,
      ...(nonce === undefined ? {} : { nonce }),
      ...(code === undefined ? {} : { c_hash: halfHash(code) }),
      sub: subject(order),
      ...namesOf(signIn.user),
      ...(scopes.includes("email") ? { email: signIn.user.email } : {}),
      sid: securityId(signIn.user),
      ...aboutApp(app),
      authmethod: methodOf(signIn),
      scp: scopes.filter((scope) => scope !== "offline_access").join(" "),
    };
  },

  userTokenClaims: (state, order) => ({
    ...accessTokenClaims(state, order),
    sub: subject(order),
    ...namesOf(order.signIn.user),
    authmethod: methodOf(order.signIn),
    auth_time: isoTime(order.signIn.authTime),
    scp: order.permissions.join(" "),
  }),

  appTokenClaims: (state, order) => ({
    ...accessTokenClaims(state, order),
    ...(order.app.roles.length > 0 ? { roles: order.app.roles } : {}),
    authmethod: `${methods}/${order.azpacr === "1" ? "password" : "x509"}`,
    auth_time: isoTime(state.clock.seconds()),
  }),

  // Whatever was asked for; and a redeemed one lives on without a successor.
  givesRefreshToken: (_, grantType) => grantType !== "refresh_token",

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
/** How AD FS calls a second factor. */
export const multiFactorMethod = "http://schemas.microsoft.com/claims/multipleauthn";

function accessTokenClaims(state: AuthorityState, { app, audience, boundTo }: AccessTokenOrder) {
  return {
    aud: audience,
    iss: federationIssuer(state.url),
    ...validity(state, "accessToken"),
    ...(boundTo === undefined ? {} : { cnf: { "x5t#S256": boundTo } }),
    ...aboutApp(app),
    // So that no two are the same, were they asked for in the same second.
    jti: randomId(16),
  };
}

function aboutApp(app: App) {
  return { apptype: isConfidential(app) ? "Confidential" : "Public", appid: app.clientId, ver: "1.0" };
}

/** User principal name and, in the place of `sub`, a name that is the same for all apps: `CONTOSO\alice`. */
function namesOf({ username }: User) {
  const [name = "", domain = ""] = username.split("@");
  return { upn: username, unique_name: `${(domain.split(".")[0] ?? "").toUpperCase()}\\${name}` };
}

/** Base64 with `/`, `+` and `=`, as AD FS writes it. */
function subject({ app, tenant, signIn }: Pick<UserTokenOrder, "app" | "tenant" | "signIn">): string {
  return Buffer.from(pairwiseSubject(signIn.user, app, tenant), "base64url").toString("base64");
}

/** A security identifier in the form of Windows, the same in every run. */
function securityId({ oid }: User): string {
  const parts = Buffer.from(guidFrom(sha256(oid)).replaceAll("-", ""), "hex");
  return `S-1-5-21-${[0, 4, 8].map((offset) => parts.readUInt32BE(offset)).join("-")}-${1000 + parts.readUInt16BE(12)}`;
}

function methodOf({ multiFactor = false }: SignIn): string {
  return multiFactor ? multiFactorMethod : passwordMethod;
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
