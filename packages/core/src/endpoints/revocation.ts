import type { AccountInfo } from "../account.js";
import type { Authority } from "../authority/authority.js";
import { forgetToken, partitionsWith, refreshTokensIn } from "../cache/memory/forget.js";
import { appPartition, userPartition, type PartitionKey } from "../cache/memory/partition-key.js";
import type { Provider } from "../cache/provider.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { base64Decode, parseJsonObject } from "../encoding.js";
import { sendClientForm } from "../exchange/client-form.js";
import { pacedRequest } from "../exchange/paced-request.js";
import { checkFieldTypes } from "../request/field-types.js";
import { Parameters } from "../request/parameters.js";
import { requiredText, tokenRequest } from "../request/token-request.js";
import { atProvider, refusalOf, type EndpointCall, type EndpointInput } from "./at-provider.js";

/** Request to revoke a token. */
export interface RevocationInput extends EndpointInput {
  /** The access or refresh token; by default the account's refresh token in the cache. */
  readonly token?: string;
  /** `access_token` or `refresh_token`, if known: lets the provider find it faster. */
  readonly tokenTypeHint?: string;
  /** The user of the token: finds it in a large cache, and in a `store`. */
  readonly account?: AccountInfo;
}

/**
 * Revokes a token at the provider (RFC 7009), then forgets it: with a refresh token, also the access tokens that came with
 * it. If the provider does not revoke it, the cache is unchanged.
 *
 * @throws ClientAuthError `openid_config_error` when the provider has no such endpoint; ServerError for an error response
 */
export async function revoke(client: Client, input: RevocationInput): Promise<void> {
  const request = tokenRequest(client, input);
  const { correlationId, given } = request;
  checkFieldTypes(given, correlationId);
  const { account, token, tokenTypeHint } = given;
  if (!account) requiredText(token, "token", "pass the token, or the account to sign out.", correlationId);
  await atProvider(client, request, account, async (context) => {
    const tokens = token ? [token] : await refreshTokensOf(context, account);
    const hint = token ? tokenTypeHint : "refresh_token";
    for (const one of tokens) {
      await revokeToken(context, one, hint);
      await forget(context, one, account);
    }
  });
}

async function revokeToken(context: EndpointCall, token: string, hint: string | undefined): Promise<void> {
  const endpoint = "revocation_endpoint";
  const parameters = new Parameters().set("token", token).set("token_type_hint", hint);
  await pacedRequest(context, endpoint, parameters, async () => {
    const response = await sendClientForm(context, { endpoint, parameters });
    if (response.status < 200 || response.status > 299) throw refusalOf("revocation", response, context);
  });
}

async function refreshTokensOf(
  { client, authority }: EndpointCall,
  account: AccountInfo | undefined,
): Promise<readonly string[]> {
  if (!account) return [];
  const key = userPartition(account.homeAccountId);
  const { clientId } = client;
  const provider = providerOf(authority);
  return client.cache.read(key, (memory) => refreshTokensIn(memory, key, { clientId, provider }));
}

/** Removes a token from the cache, wherever it is: the cache is indexed by user, not by token. */
async function forget(
  { client, authority, call }: EndpointCall,
  token: string,
  account: AccountInfo | undefined,
): Promise<void> {
  const { cache } = client;
  for (const place of placesOf(client, authority, token, account)) {
    // A store loads one place; without one, all of the cache is in memory.
    const found = await cache.read(place, (memory) => partitionsWith(memory, token, place));
    if (found.length === 0) continue;
    const provider = providerOf(authority);
    for (const key of found)
      await cache.write(key, (memory) => forgetToken(memory, key, { token, provider }));
    return;
  }
  client.logger().verbose("The revoked token was not in the cache.", call.correlationId);
}

/** The partitions of a store in which a token may be: the user's, or that of the app. */
function placesOf(
  { clientId }: Client,
  { url }: Authority,
  token: string,
  account: AccountInfo | undefined,
): readonly PartitionKey[] {
  if (account) return [userPartition(account.homeAccountId)];
  // Says only where to look: a token is removed if it is this one.
  const claims = parseJsonObject(base64Decode(token.split(".")[1] ?? "")) ?? {};
  const { sub, oid, tid } = claims;
  const users = [typeof oid === "string" && typeof tid === "string" ? `${oid}.${tid}` : "", sub];
  const named = users.filter((id): id is string => typeof id === "string" && id !== "");
  const realm = typeof tid === "string" ? tid : url.realm;
  return [...named.map(userPartition), appPartition(clientId, realm)];
}

function providerOf({ url, cloud, metadata }: Authority): Provider {
  return {
    environments: cloud.aliases,
    kind: url.kind,
    issuer: dialectOf(url).hasIssuers ? metadata.issuer : undefined,
    realms: [url.realm],
  };
}
