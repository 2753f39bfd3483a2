import { dialectOf } from "../dialect/dialects.js";
import type { Authority } from "../authority/authority.js";
import type { RawClaims } from "./id-token.js";
import type { Refuse } from "./verify-jwt.js";

/** Claims that only tokens for other purposes have (OpenID Connect Core §3.3.2.11, RFC 8417). */
const OF_OTHER_TOKENS: readonly string[] = ["at_hash", "c_hash", "s_hash", "events"];

/** Claims that only access tokens have (RFC 9068 §2.2, Entra, AD FS, Auth0). */
const OF_ACCESS_TOKENS: readonly string[] = ["scp", "scope", "client_id", "appid", "permissions"];

/** What Keycloak and Cognito call their other tokens in a claim. */
const OTHER_USES: readonly unknown[] = ["id", "refresh", "offline", "logout"];

/**
 * Tells an app's own access token from that of a user, and both from other tokens of the provider, of which an ID token of
 * the same registration has the same issuer, audience and keys.
 *
 * @param typ that of the header, in lower case
 */
export function isOfApp(authority: Authority, claims: RawClaims, typ: unknown, refuse: Refuse): boolean {
  const { idtyp, sub, oid, azp, appid, client_id: named, gty, token_use: use, typ: kind } = claims;
  const other = OF_OTHER_TOKENS.find((name) => claims[name] !== undefined);
  if (other !== undefined) refuse(`it has ${other}, which access tokens do not have`);
  const stated = [use, kind].find((one) => typeof one === "string" && OTHER_USES.includes(one.toLowerCase()));
  if (stated !== undefined) refuse(`it says that it is a token of another kind, ${JSON.stringify(stated)}`);
  const client = azp ?? appid ?? named;
  if (idtyp === "app") return true;
  const hasScopes = isFilled(claims["scp"]) || isFilled(claims["scope"]);
  const isItself = client !== undefined && typeof sub === "string" && sub === oid;
  if (dialectOf(authority.url).hasTenants) {
    // Of Entra's tokens, those of users have scp, those of apps the app as subject, and ID tokens neither.
    if (hasScopes || (idtyp === "user" && client !== undefined)) return false;
    if (isItself) return true;
    return refuse("it has neither scp nor an app as its subject, as an ID token");
  }
  if (isItself && !hasScopes) return true;
  if (typ !== "at+jwt" && !OF_ACCESS_TOKENS.some((name) => claims[name] !== undefined))
    refuse(`nothing tells it from an ID token: it has neither the typ "at+jwt" nor scope nor client_id`);
  if (sub === undefined || sub === client || sub === named || gty === "client-credentials") return true;
  return (typeof client === "string" && sub === `${client}@clients`) || (appid !== undefined && !hasScopes);
}

function isFilled(value: unknown): boolean {
  return (typeof value === "string" && value !== "") || (Array.isArray(value) && value.length > 0);
}
