import { createHash } from "node:crypto";
import type { CacheJson } from "./schema-libraries.js";
import { clientId, guestTenant, home, uid } from "./schema-providers.js";

/*
 * What MSAL for Go writes, built by hand from its `apps/internal/base/storage/items.go`: keys without a dash at the end,
 * empty fields left out, the realm as the authority names it, the assertion hash with its padding.
 */

type Entity = Readonly<Record<string, string>>;
export type Entry = readonly [section: string, key: string, entity: Entity];

export function goCache(...entries: readonly Entry[]): CacheJson {
  const sections: Record<string, Record<string, Entity>> = {};
  for (const [section, key, entity] of entries) (sections[section] ??= {})[key] = entity;
  return sections;
}

export const environment = "login.microsoftonline.com";
export const homeAccountId = `${uid}.${home}`;
export const target = "https://api.example/.default";
export const staticClaims = '{"access_token":{"nbf":{"essential":true}}}';
export const assertion = "assertion of the user";

const owner = { home_account_id: homeAccountId, environment };
const credential = { ...owner, client_id: clientId };
const app = { environment, client_id: clientId, realm: home };
const times = { cached_at: "1760000000", expires_on: "4102444800", extended_expires_on: "4102444800" };

function goKey(...segments: readonly (string | undefined)[]): string {
  return segments.join("-").toLowerCase();
}

function accessToken(secret: string, scopes: string, entity: Entity): Entry {
  const common = { credential_type: "AccessToken", secret, target: scopes, token_type: "Bearer", ...times };
  const token: Entity = { ...common, ...entity };
  const { home_account_id = "", token_type = "", ext_cache_key: bound } = token;
  const key = goKey(
    home_account_id,
    environment,
    bound === undefined ? "AccessToken" : "atext",
    clientId,
    token["realm"],
    scopes,
    ...(token_type === "Bearer" ? [] : [token_type]),
    ...(bound === undefined ? [] : [bound]),
  );
  return ["AccessToken", key, token];
}

/** Everything of a user who signed in through an authority with this last segment. */
export function signedInThrough(realm: string, mark = "1"): readonly Entry[] {
  return userEntries(realm, `user ${mark}`, "1", {});
}

/** Everything of a user on whose behalf an API acts. */
export const onBehalfOf = userEntries(home, "user on behalf", undefined, {
  user_assertion_hash: createHash("sha256").update(assertion).digest("base64url").padEnd(44, "="),
});

/** Of the user's ID token: the same for the home tenant, whatever the authority calls it. */
export function idTokenOf(realm: string): string {
  const isGuest = realm === guestTenant;
  const ids = isGuest ? { oid: "guest-id", tid: realm } : { oid: uid, tid: home };
  const names = { sub: "pairwise-subject", preferred_username: "user@example.test", name: "Example User" };
  return `e30.${Buffer.from(JSON.stringify({ ...ids, ...names })).toString("base64url")}.c2ln`;
}

function userEntries(
  realm: string,
  mark: string,
  family: string | undefined,
  over: Entity,
): readonly Entry[] {
  const names = {
    realm,
    local_account_id: realm === guestTenant ? "guest-id" : uid,
    authority_type: "MSSTS",
    username: "user@example.test",
  };
  const id = { ...credential, realm, credential_type: "IdToken", secret: idTokenOf(realm), ...over };
  const refresh = {
    ...credential,
    credential_type: "RefreshToken",
    secret: `refresh token of ${mark}`,
    ...over,
  };
  return [
    ["Account", goKey(homeAccountId, environment, realm), { ...owner, ...names, ...over }],
    ["IdToken", goKey(homeAccountId, environment, "IdToken", clientId, realm), id],
    [
      "RefreshToken",
      goKey(homeAccountId, environment, "RefreshToken", family ?? clientId),
      family === undefined ? refresh : { ...refresh, family_id: family },
    ],
    accessToken(`access token of ${mark}`, "https://api.example/Read openid profile", {
      ...credential,
      realm,
      ...over,
    }),
  ];
}

export const metadata: Entry = [
  "AppMetadata",
  goKey("AppMetaData", environment, clientId),
  { family_id: "1", client_id: clientId, environment },
];

export const unknownSection: Entry = ["LaterSection", "some key", { field: "of a later version" }];

export const appToken = accessToken("access token of the app", target, app);

/** Tokens for an agent, with static claims, and both: `{length}:{text}` of names and values, cache-schema.md §3. */
export const boundTokens: readonly Entry[] = [
  boundToken("for an agent", "8:fmi_path10:agents/one"),
  boundToken("with static claims", `13:client_claims${staticClaims.length}:${staticClaims}`),
  boundToken("with both", `13:client_claims${staticClaims.length}:${staticClaims}8:fmi_path10:agents/one`),
];

function boundToken(mark: string, hashed: string): Entry {
  const hash = createHash("sha256").update(hashed).digest("base64url").toLowerCase();
  return accessToken(`access token ${mark}`, target, { ...app, ext_cache_key: hash });
}

export const popToken = accessToken("access token of a key", target, {
  ...app,
  token_type: "pop",
  keyid: "key-1",
});
