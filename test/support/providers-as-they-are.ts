import { generateKeyPairSync } from "node:crypto";
import { auth0, cognito, google, keycloak, okta, zitadel } from "@tessera/node";
import { clientId, jwk, keys } from "./fake-provider.js";
import type { Quirky } from "./quirky-provider.js";

const one = jwk(keys.one, { kid: "one", alg: "RS256" });
const openid = ["openid", "profile", "email"];
const offline = [...openid, "offline_access"];
const shortLived = { expires_in: 300 };

const facebook = {
  issuer: "https://www.facebook.com",
  authorization_endpoint: "https://facebook.com/dialog/oauth/",
  token_endpoint: "https://graph.facebook.com/v21.0/oauth/access_token",
  jwks_uri: "https://www.facebook.com/.well-known/oauth/openid/jwks/",
  scopes_supported: ["openid"],
  token_endpoint_auth_methods_supported: ["client_secret_post"],
};
const oracle = {
  issuer: "https://identity.oraclecloud.com/",
  authorization_endpoint: "https://idcs-1.identity.oraclecloud.com/oauth2/v1/authorize",
  token_endpoint: "https://idcs-1.identity.oraclecloud.com/oauth2/v1/token",
  jwks_uri: "https://idcs-1.identity.oraclecloud.com/admin/v1/SigningCert/jwk",
  scopes_supported: offline,
};

/** Identity products and consumer services, each with what is odd there. */
export const providers: readonly Quirky[] = [
  {
    name: "Keycloak: five minutes, members of its own, a key for encryption, app tokens without a scope",
    issuer: "https://sso.example.com/realms/Staff",
    auth: keycloak({ url: "https://sso.example.com", realm: "Staff" }),
    method: "client_secret_basic",
    keys: { keys: [jwk(keys.two, { kid: "enc", use: "enc", alg: "RSA-OAEP" }), one] },
    tokens: () => ({
      ...shortLived,
      refresh_expires_in: 1800,
      "not-before-policy": 0,
      scope: "openid email profile",
    }),
    daemon: { scopes: [] },
  },
  {
    name: "Auth0: a slash at the end, an audience, no scope for app tokens",
    issuer: "https://contoso.eu.auth0.com/",
    method: "client_secret_post",
    auth: auth0({ domain: "contoso.eu.auth0.com", audience: "https://api.example.com" }),
    needs: { audience: "https://api.example.com" },
    needsInBrowser: { audience: "https://api.example.com" },
    document: { id_token_signing_alg_values_supported: ["HS256", "RS256", "PS256"] },
    tokens: () => ({ expires_in: 86_400 - 1 }),
    daemon: { scopes: [] },
  },
  {
    name: "Auth0 behind a domain of its own, and a client signed with HS256",
    issuer: "https://login.contoso.example/",
    method: "client_secret_basic",
    idToken: "HS256",
    document: { id_token_signing_alg_values_supported: ["HS256", "RS256", "PS256"] },
  },
  {
    name: "Okta: the client id in the form beside HTTP Basic is a second credential",
    issuer: "https://contoso.okta.com/oauth2/default",
    auth: okta({ domain: "contoso.okta.com", server: "default" }),
    method: "client_secret_basic",
    daemon: { scopes: ["reports"] },
  },
  {
    name: "Cognito: endpoints on another host, offline_access refused, no new refresh token in a renewal",
    issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool",
    auth: cognito({ userPoolId: "eu-west-1_Pool" }),
    method: "client_secret_basic",
    scopes: openid,
    document: {
      authorization_endpoint: "https://contoso.auth.eu-west-1.amazoncognito.com/oauth2/authorize",
      token_endpoint: "https://contoso.auth.eu-west-1.amazoncognito.com/oauth2/token",
      scopes_supported: ["openid", "email", "phone", "profile"],
    },
    tokens: ({ grant_type: grant }) => (grant === "refresh_token" ? { refresh_token: undefined } : {}),
    daemon: { scopes: [] },
  },
  {
    name: "Duende: offline_access is listed, and refused to this client; iss comes with the code",
    issuer: "https://identity.example.com",
    auth: { excludeScopes: ["offline_access"] },
    method: "client_secret_basic",
    scopes: openid,
    document: {
      authorization_response_iss_parameter_supported: true,
      scopes_supported: offline,
      backchannel_authentication_endpoint: "https://identity.example.com/connect/ciba",
    },
    response: { iss: "https://identity.example.com" },
    renews: false,
    daemon: { scopes: [] },
  },
  {
    name: "Spring Authorization Server: the refresh token comes with the grant type, not with a scope",
    issuer: "https://auth.example.com",
    method: "client_secret_basic",
    scopes: openid,
    document: { scopes_supported: ["openid"] },
    tokens: () => shortLived,
  },
  {
    name: "Authentik without a signing key: HS256, and a key set that is an empty object",
    issuer: "https://sso.example.com/application/o/app/",
    method: "client_secret_post",
    idToken: "HS256",
    keys: {},
    document: {
      authorization_endpoint: "https://sso.example.com/application/o/authorize/",
      token_endpoint: "https://sso.example.com/application/o/token/",
      id_token_signing_alg_values_supported: ["HS256"],
    },
  },
  {
    name: "Zitadel: the audience is a list of projects",
    issuer: "https://contoso.zitadel.cloud",
    auth: zitadel({ domain: "contoso.zitadel.cloud" }),
    method: "client_secret_basic",
    claims: { aud: ["a-project", clientId, "another-project"], azp: clientId },
  },
  {
    name: "ORY Hydra: one method to a client, though four are listed",
    issuer: "https://hydra.example.com",
    method: "client_secret_basic",
    document: {
      token_endpoint_auth_methods_supported: [
        "client_secret_post",
        "client_secret_basic",
        "private_key_jwt",
        "none",
      ],
      jwks_uri: "https://hydra.example.com/.well-known/jwks.json",
    },
    refuses: ["client_secret"],
  },
  {
    name: "ORY Hydra, with a client that is registered for posting",
    issuer: "https://hydra.example.com",
    method: "client_secret_post",
    document: {
      token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic", "none"],
    },
  },
  {
    name: "PingFederate: endpoints of its own beside those of the specification",
    issuer: "https://ping.example.com",
    method: "client_secret_post",
    document: {
      ping_end_session_endpoint: "https://ping.example.com/idp/startSLO.ping",
      revocation_endpoint: null,
    },
  },
  {
    name: "OneLogin: lists no offline_access, gives a refresh token all the same",
    issuer: "https://contoso.onelogin.com/oidc/2",
    method: "client_secret_post",
    scopes: openid,
    document: { scopes_supported: openid },
  },
  {
    name: "Logto: a resource in every request, also of the app itself",
    issuer: "https://contoso.logto.app/oidc",
    method: "client_secret_basic",
    auth: { extraParameters: { resource: "https://api.example.com" } },
    needs: { resource: "https://api.example.com" },
    daemon: { scopes: ["read"] },
  },
  {
    name: "Stytch: the sign-in page is the app's own, the document has members of an API",
    issuer: "https://contoso.customers.stytch.example",
    method: "client_secret_basic",
    document: {
      authorization_endpoint: "https://app.example/oauth/authorize",
      request_id: "request-id-1",
      status_code: 200,
    },
  },
  {
    name: "Descope: the path of the issuer is not that of the endpoints",
    issuer: "https://api.descope.com/v1/apps/P2",
    method: "client_secret_post",
    document: {
      authorization_endpoint: "https://api.descope.com/oauth2/v1/apps/authorize",
      token_endpoint: "https://api.descope.com/oauth2/v1/apps/token",
      jwks_uri: "https://api.descope.com/P2/.well-known/jwks.json",
    },
  },
  {
    name: "WorkOS: the secret is posted",
    issuer: "https://contoso.authkit.app",
    method: "client_secret_post",
    document: {
      token_endpoint_auth_methods_supported: ["none", "client_secret_post", "client_secret_basic"],
    },
  },
  {
    name: "WSO2: the issuer is the token endpoint's URL, and the granted scope another one",
    issuer: "https://is.example.com/oauth2/token",
    method: "client_secret_basic",
    document: {
      authorization_endpoint: "https://is.example.com/oauth2/authorize",
      token_endpoint: "https://is.example.com/oauth2/token",
      jwks_uri: "https://is.example.com/oauth2/jwks",
    },
    tokens: () => ({ scope: "default" }),
    daemon: { scopes: [] },
  },
  {
    name: "Google: offline_access refused, three hosts, scopes that come back under other names",
    issuer: "https://accounts.google.com",
    auth: google(),
    needsInBrowser: { access_type: "offline" },
    method: "client_secret_basic",
    scopes: openid,
    document: {
      authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
      token_endpoint: "https://oauth2.googleapis.com/token",
      jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
      scopes_supported: openid,
    },
    tokens: ({ grant_type: grant }) => ({
      scope:
        "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile",
      ...(grant === "refresh_token" ? { refresh_token: undefined } : {}),
    }),
  },
  {
    name: "GitLab: offline_access refused, a refresh token always",
    issuer: "https://gitlab.com",
    method: "client_secret_basic",
    scopes: [...openid, "read_user"],
    api: ["read_user"],
    document: {
      authorization_endpoint: "https://gitlab.com/oauth/authorize",
      token_endpoint: "https://gitlab.com/oauth/token",
      jwks_uri: "https://gitlab.com/oauth/discovery/keys",
      scopes_supported: [...openid, "api", "read_user"],
    },
  },
  {
    name: "Apple: the secret is posted, and the only scopes are its own",
    issuer: "https://appleid.apple.com",
    method: "client_secret_post",
    scopes: ["openid", "email", "name"],
    document: {
      scopes_supported: ["openid", "email", "name"],
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
    tokens: ({ grant_type: grant }) => (grant === "refresh_token" ? { refresh_token: undefined } : {}),
  },
  {
    name: "Slack: ok in the answers, no lifetime, a key without a use",
    issuer: "https://slack.com",
    method: "client_secret_post",
    scopes: openid,
    keys: { keys: [jwk(keys.one, { kid: "one", use: undefined })] },
    document: {
      authorization_endpoint: "https://slack.com/openid/connect/authorize",
      token_endpoint: "https://slack.com/api/openid.connect.token",
      scopes_supported: openid,
    },
    tokens: () => ({ ok: true, expires_in: undefined }),
    renews: false,
  },
  {
    name: "Twitch: scope is an array, the secret is posted",
    issuer: "https://id.twitch.tv/oauth2",
    method: "client_secret_post",
    scopes: ["openid", "user:read:email"],
    api: ["user:read:email"],
    document: {
      scopes_supported: ["openid"],
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
    tokens: () => ({ scope: ["openid", "user:read:email"] }),
  },
  {
    name: "PayPal: HTTP Basic only, on another host, and keys of every kind without alg and use",
    issuer: "https://www.paypal.com",
    method: "client_secret_basic",
    scopes: openid,
    keys: { keys: manyKeys() },
    document: {
      token_endpoint: "https://api.paypal.com/v1/oauth2/token",
      jwks_uri: "https://api.paypal.com/v1/oauth2/certs",
      scopes_supported: openid,
      token_endpoint_auth_methods_supported: ["client_secret_basic"],
      id_token_signing_alg_values_supported: ["HS256", "RS256"],
    },
    daemon: { scopes: [] },
  },
  {
    name: "Salesforce: no lifetime, a time of issue in milliseconds as text",
    issuer: "https://login.salesforce.com",
    method: "client_secret_post",
    tokens: () => ({ expires_in: undefined, issued_at: "1764400000000", scope: "refresh_token full" }),
  },
  {
    name: "Discord: no list of scopes, and others than its own refused",
    issuer: "https://discord.com",
    auth: { excludeScopes: ["profile"] },
    method: "client_secret_basic",
    scopes: ["openid", "identify", "email", "guilds"],
    api: ["identify"],
    document: {
      authorization_endpoint: "https://discord.com/oauth2/authorize",
      token_endpoint: "https://discord.com/api/oauth2/token",
      scopes_supported: undefined,
    },
    daemon: { scopes: ["identify"] },
  },
  {
    name: "Dropbox: tokens from another host, offline access by a parameter",
    issuer: "https://www.dropbox.com",
    method: "client_secret_basic",
    scopes: openid,
    auth: { extraAuthorizationParameters: { token_access_type: "offline" } },
    needsInBrowser: { token_access_type: "offline" },
    document: {
      authorization_endpoint: "https://www.dropbox.com/oauth2/authorize",
      token_endpoint: "https://api.dropboxapi.com/oauth2/token",
      scopes_supported: openid,
    },
    tokens: () => ({ expires_in: 14_400 }),
  },
  {
    name: "Yahoo: ES256 beside RS256, an endpoint with a name of its own",
    issuer: "https://api.login.yahoo.com",
    method: "client_secret_basic",
    scopes: openid,
    document: {
      scopes_supported: openid,
      id_token_signing_alg_values_supported: ["ES256", "RS256"],
      token_revocation_endpoint: "https://api.login.yahoo.com/oauth2/revoke",
    },
  },
  {
    name: "LinkedIn: no nonce in the ID token, a PKCE verifier refused",
    issuer: "https://www.linkedin.com/oauth",
    auth: { clientMetadata: { token_endpoint_auth_method: "client_secret_post" } },
    request: { usePkce: false, useNonce: false },
    method: "client_secret_post",
    scopes: openid,
    refuses: ["code_verifier"],
    document: {
      authorization_endpoint: "https://www.linkedin.com/oauth/v2/authorization",
      token_endpoint: "https://www.linkedin.com/oauth/v2/accessToken",
      jwks_uri: "https://www.linkedin.com/oauth/openid/jwks",
      scopes_supported: openid,
      token_endpoint_auth_methods_supported: undefined,
    },
    tokens: () => ({ scope: "email,openid,profile", refresh_token: undefined }),
    claims: { nonce: undefined },
    renews: false,
  },
  {
    name: "Facebook: the token endpoint is not in the document",
    issuer: "https://www.facebook.com",
    auth: { authorityMetadata: JSON.stringify(facebook) },
    method: "client_secret_post",
    scopes: ["openid", "email", "public_profile"],
    document: facebook,
    tokens: () => ({ expires_in: 5_183_944 }),
    renews: false,
  },
  {
    name: "Oracle Identity Cloud: the issuer is another host than the one that was asked",
    issuer: "https://identity.oraclecloud.com/",
    auth: { authorityMetadata: JSON.stringify(oracle) },
    method: "client_secret_basic",
    document: oracle,
    daemon: { scopes: ["urn:opc:idm:__myscopes__"] },
  },
  {
    name: "Battle.net: no list of scopes",
    issuer: "https://oauth.battle.net",
    auth: { excludeScopes: ["profile"] },
    method: "client_secret_basic",
    scopes: ["openid", "wow.profile"],
    api: ["wow.profile"],
    document: { scopes_supported: undefined },
    renews: false,
  },
  {
    name: "Dex: an issuer with a path, endpoints below it",
    issuer: "https://dex.example.com/dex",
    method: "client_secret_basic",
    document: {
      authorization_endpoint: "https://dex.example.com/dex/auth",
      scopes_supported: [...offline, "groups"],
    },
  },
  {
    name: "Authelia: offline_access is listed, and refused to a client that may not have it",
    issuer: "https://auth.example.com",
    auth: { excludeScopes: ["offline_access"] },
    method: "client_secret_post",
    scopes: openid,
    document: { scopes_supported: [...offline, "groups"] },
    renews: false,
  },
];

/** Keys of RSA, EC and OKP, most of them without `alg` and `use`. */
function manyKeys(): readonly object[] {
  const bare = (pair: Parameters<typeof jwk>[0], kid: string) => jwk(pair, { kid, use: undefined });
  return [
    bare(generateKeyPairSync("ed25519"), "edwards"),
    bare(generateKeyPairSync("x25519"), "agreement"),
    bare(keys.elliptic, "elliptic"),
    bare(keys.two, "two"),
    bare(keys.one, "one"),
  ];
}
