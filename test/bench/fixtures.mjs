// What both libraries are given: the same cache, the same configuration, the same network.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

export const clientId = "30000000-0000-4000-8000-00000000ca11";
export const tenantId = "20000000-0000-4000-8000-00000000c0de";
export const scopes = ["User.Read"];
export const appScopes = ["https://graph.microsoft.com/.default"];

const ENVIRONMENT = "login.windows.net";
const CACHED_AT = Math.floor(Date.now() / 1000) - 60;
const EXPIRES_ON = CACHED_AT + 86_400;

const NOISE = Array.from({ length: 4096 }, (_, block) =>
  createHash("sha512").update(`${block}`).digest("base64url"),
).join("");

/** The tenant with a number: 0 is {@link tenantId}. */
export const tenant = (index) => (index === 0 ? tenantId : guid("2", index));

export const authorityOf = (id) => `https://login.microsoftonline.com/${id}`;

/** Configuration that both libraries take. Nothing is sent: what is measured comes from the cache. */
export const configuration = (networkClient = noNetwork) => ({
  auth: { clientId, clientSecret: "a-secret-of-the-benchmark", authority: authorityOf(tenantId) },
  system: { networkClient },
});

/** Refuses everything. */
export const noNetwork = {
  sendGetRequestAsync: (url) => Promise.reject(new Error(`not in the cache: GET ${url}`)),
  sendPostRequestAsync: (url) => Promise.reject(new Error(`not in the cache: POST ${url}`)),
};

/** A network client that answers token requests after some milliseconds, and counts them. */
export function countingNetwork(delayMs = 20) {
  const network = {
    tokenRequests: 0,
    sendGetRequestAsync: noNetwork.sendGetRequestAsync,
    async sendPostRequestAsync() {
      network.tokenRequests += 1;
      await new Promise((done) => setTimeout(done, delayMs));
      const body = {
        token_type: "Bearer",
        expires_in: 3599,
        ext_expires_in: 3599,
        access_token: jwt(`token ${network.tokenRequests}`, 900),
      };
      return { status: 200, headers: {}, body };
    },
  };
  return network;
}

/** The account with a number, as an app keeps it between two calls. */
export function account(index) {
  const oid = guid("1", index);
  return {
    homeAccountId: `${oid}.${tenantId}`,
    environment: ENVIRONMENT,
    tenantId,
    username: `user${index}@contoso.example`,
    localAccountId: oid,
  };
}

/**
 * JSON of a token cache in the unified schema: for each user an account, an ID token and an access token of about 1.2 kB
 * each, and a refresh token.
 *
 * @param count how many users
 * @param first number of the first one
 */
export function userCache(count, first = 0) {
  const sections = { Account: {}, IdToken: {}, AccessToken: {}, RefreshToken: {}, AppMetadata: {} };
  for (let index = first; index < first + count; index += 1) addUser(sections, index);
  return JSON.stringify(sections);
}

/** The same in parts: no JavaScript string is long enough for 100,000 users. */
export function* userCaches(count, part = 10_000) {
  for (let first = 0; first < count; first += part) yield userCache(Math.min(part, count - first), first);
}

/** JSON of a token cache with one app token in each of some tenants. */
export function appCache(tenants) {
  const sections = { Account: {}, IdToken: {}, AccessToken: {}, RefreshToken: {}, AppMetadata: {} };
  for (let index = 0; index < tenants; index += 1) {
    const realm = tenant(index);
    const target = appScopes.join(" ");
    const key = `-${ENVIRONMENT}-accesstoken-${clientId}-${realm}-${target}-`;
    sections.AccessToken[key] = accessToken("", realm, target, jwt(`app${index}`, 900));
  }
  return JSON.stringify(sections);
}

/** The access token a middle tier was called with, by number: a JWT of about 1.2 kB. */
export const assertion = (index) => jwt(`assertion ${index}`, 900);

/** The token caches of a middle tier that has acted on behalf of some users: one access token for each assertion. */
export function* onBehalfOfCaches(count, part = 10_000) {
  for (let first = 0; first < count; first += part) {
    const AccessToken = {};
    for (let index = first; index < Math.min(first + part, count); index += 1) {
      const { homeAccountId: home, localAccountId: oid } = account(index);
      const target = scopes.join(" ");
      const token = accessToken(home, tenantId, target, jwt(`on behalf of ${oid}`, 900));
      const userAssertionHash = createHash("sha256").update(assertion(index)).digest("base64url");
      const key = `${home}-${ENVIRONMENT}-accesstoken-${clientId}-${tenantId}-${target.toLowerCase()}-`;
      AccessToken[key] = { ...token, userAssertionHash };
    }
    yield JSON.stringify({ Account: {}, IdToken: {}, AccessToken, RefreshToken: {}, AppMetadata: {} });
  }
}

function addUser({ Account, IdToken, AccessToken, RefreshToken }, index) {
  const { homeAccountId: home, username, localAccountId: oid } = account(index);
  const name = `User Number ${index}`;
  const target = "User.Read profile openid email";
  const own = { home_account_id: home, environment: ENVIRONMENT, client_id: clientId };
  const profile = { tenantId, localAccountId: oid, name, username, isHomeTenant: true };
  Account[`${home}-${ENVIRONMENT}-${tenantId}`] = {
    home_account_id: home,
    environment: ENVIRONMENT,
    realm: tenantId,
    local_account_id: oid,
    username,
    authority_type: "MSSTS",
    name,
    client_info: base64Url({ uid: oid, utid: tenantId }),
    tenantProfiles: [JSON.stringify(profile)],
  };
  IdToken[`${home}-${ENVIRONMENT}-idtoken-${clientId}-${tenantId}--`] = {
    ...own,
    credential_type: "IdToken",
    realm: tenantId,
    secret: idToken(oid, name, username),
  };
  AccessToken[`${home}-${ENVIRONMENT}-accesstoken-${clientId}-${tenantId}-${target.toLowerCase()}-`] =
    accessToken(home, tenantId, target, jwt(oid, 900));
  RefreshToken[`${home}-${ENVIRONMENT}-refreshtoken-${clientId}---`] = {
    ...own,
    credential_type: "RefreshToken",
    secret: `1.${text(`refresh ${oid}`, 900)}`,
  };
}

function accessToken(home, realm, target, secret) {
  return {
    home_account_id: home,
    environment: ENVIRONMENT,
    credential_type: "AccessToken",
    client_id: clientId,
    secret,
    realm,
    target,
    cached_at: String(CACHED_AT),
    expires_on: String(EXPIRES_ON),
    extended_expires_on: String(EXPIRES_ON + 3600),
    token_type: "Bearer",
  };
}

/** The claims Entra puts into an ID token, with a signature of the usual length: about 1.2 kB. */
function idToken(oid, name, username) {
  const claims = {
    aud: clientId,
    iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
    iat: CACHED_AT,
    nbf: CACHED_AT,
    exp: EXPIRES_ON,
    aio: text(`aio ${oid}`, 80),
    name,
    oid,
    preferred_username: username,
    rh: text(`rh ${oid}`, 60),
    sid: oid,
    sub: text(`sub ${oid}`, 43),
    tid: tenantId,
    uti: text(`uti ${oid}`, 22),
    ver: "2.0",
  };
  return signed(claims, oid);
}

/** A JWT that says little, with a filling of some characters. */
export function jwt(seed, length) {
  return signed(
    { aud: "00000003-0000-0000-c000-000000000000", sub: seed, filling: text(seed, length / 2) },
    seed,
  );
}

function signed(claims, seed) {
  const header = base64Url({ typ: "JWT", alg: "RS256", kid: "benchmark-key-1234567890" });
  return `${header}.${base64Url(claims)}.${text(`signature ${seed}`, 342)}`;
}

function base64Url(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Text of some length that looks random, and is the same in every run. */
function text(seed, length) {
  const start = createHash("sha256").update(seed).digest().readUInt32BE() % (NOISE.length - length);
  return NOISE.slice(start, start + length);
}

function guid(first, index) {
  return `${first}0000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
}

/** The metadata of test/bench/token-server.mjs, as `auth.authorityMetadata`. */
export function metadataOf(origin) {
  return JSON.stringify({
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    jwks_uri: `${origin}/keys`,
  });
}
