import type { Authority } from "../authority/authority.js";
import { endpointOf } from "../authority/endpoint.js";
import { sameIssuer } from "../authority/issuer.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { base64Decode, newGuid, parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { mayPass } from "../http/retry-policy.js";
import { statusOf, withPause } from "../http/throttle.js";
import type { IdTokenClaims } from "../response/id-token.js";
import type { TokenResponse } from "../response/token-response.js";
import type { Exchange } from "./exchange.js";
import type { Grant } from "./grant.js";

/** The id of the only user that a public client has at a server which does not say who its users are. */
const THE_USER = "the-user";

/**
 * Returns the user of an OAuth server without ID tokens: as its user info endpoint says, else as the access token says if it
 * is a JWT of the server (RFC 9068 §2.2), else a user without a name. A public client has one such user. A confidential
 * client may have many, so each sign-in gets one of its own.
 *
 * @returns `undefined` if the tokens have no user, or if the user is already known
 * @throws ClientAuthError `network_error`, `invalid_token_response` when the endpoint is down
 */
export async function plainUser(
  exchange: Exchange,
  { owner, nonce }: Grant,
  tokens: TokenResponse,
): Promise<IdTokenClaims | undefined> {
  const { authority, client } = exchange;
  // Tokens of an assertion that come with a sign-in are those of a session.
  const isSignIn = owner.kind === "user" ? !owner.account : nonce !== "unchecked";
  if (!isSignIn || tokens.idToken || !tokens.accessToken) return undefined;
  if (bringsIdTokens(client, authority)) return undefined;
  const user = (await userFromEndpoint(exchange, tokens)) ?? userInToken(exchange, tokens.accessToken);
  return user ?? { sub: client.isPublic ? THE_USER : newGuid() };
}

/** Whether a sign-in brings an ID token. With MCP, a server that announces them may leave them out: PKCE binds the code. */
export function bringsIdTokens(
  { requiresPkceSupport }: Pick<Client, "requiresPkceSupport">,
  { url, metadata }: Authority,
): boolean {
  return !requiresPkceSupport && dialectOf(url).issuesIdTokens(metadata);
}

/** Asks the user info endpoint, if there is one and it accepts the token. Its format differs from server to server. */
async function userFromEndpoint(
  { authority, client, call }: Exchange,
  { accessToken, tokenType }: TokenResponse,
): Promise<IdTokenClaims | undefined> {
  if (!authority.metadata["userinfo_endpoint"] || tokenType !== "Bearer") return undefined;
  const url = endpointOf(authority, "userinfo_endpoint", call);
  const { sku, version } = client.library;
  const response = await client.transport.get(url, call, {
    // GitHub refuses requests without a name.
    headers: { authorization: `Bearer ${accessToken}`, "user-agent": `${sku}/${version}` },
  });
  const { status } = response;
  if (mayPass(status)) {
    const reason = `The user is not known, because the user info endpoint answered ${statusOf(response)}: let the user sign in again.`;
    throw withPause(clientAuthError("invalid_token_response", reason, call), response, client.clock);
  }
  const said = status === 200 ? parseJsonObject(response.body) : undefined;
  const subject = textIn(said?.["sub"]) ?? textIn(said?.["id"]);
  if (!said || subject === undefined) return undefined;
  const names = ["preferred_username", "username", "login", "email"].map((name) => textIn(said[name]));
  const name = textIn(said["name"]);
  const username = names.find((one) => one !== undefined);
  return { sub: subject, ...(name ? { name } : {}), ...(username ? { preferred_username: username } : {}) };
}

/** Reads the subject of a JWT that the server has issued. The token came over TLS, and its subject only names the cache entry. */
function userInToken({ authority }: Exchange, accessToken: string): IdTokenClaims | undefined {
  const parts = accessToken.split(".");
  const { iss, sub } = (parts.length === 3 && parseJsonObject(base64Decode(parts[1] ?? ""))) || {};
  const subject = textIn(sub);
  if (subject === undefined || typeof iss !== "string") return undefined;
  return sameIssuer(iss, authority.metadata.issuer) ? { sub: subject } : undefined;
}

function textIn(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
