import type { AccountInfo } from "../account.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { accountInfo } from "../cache/account-info.js";
import { findAccount } from "../cache/memory/find.js";
import { assertionPartition, SESSION, type PartitionKey } from "../cache/memory/partition-key.js";
import { entriesOf } from "../cache/provider.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { sha256Base64Url } from "../encoding.js";

/** Returns the hash under which the tokens of a session are kept. The key itself is not kept. */
export function sessionHash(sessionKey: string): string {
  return SESSION + sha256Base64Url(sessionKey);
}

/** Returns the partition of a session's tokens. */
export function sessionPartition(sessionKey: string): PartitionKey {
  return assertionPartition(sessionHash(sessionKey));
}

/**
 * Returns the user of a session, with the session's own ID token: the user may have other sessions, each with its own.
 * Returns `undefined` if the session has no tokens.
 */
export async function accountOfSession(
  client: Client,
  url: AuthorityUrl,
  sessionKey: string,
): Promise<AccountInfo | undefined> {
  const partition = sessionPartition(sessionKey);
  const { kind, realm } = url;
  const environments = client.authorities.aliasesOf(url.host);
  const issuer = dialectOf(url).hasIssuers ? (url.issuer ?? url.href) : undefined;
  const provider = { environments, kind, issuer, realms: [realm.toLowerCase()] };
  return client.cache.read(partition, (memory) => {
    const tokens = memory.partitions.get(partition);
    if (!tokens) return undefined;
    const isOwn = entriesOf(tokens, provider);
    const isClients = ({ client_id: id }: { readonly client_id: string }): boolean => id === client.clientId;
    const idToken = tokens.find("IdToken", (entry) => isClients(entry.entity) && isOwn(entry));
    const account = findAccount(memory, { partition, ...provider }) ?? tokens.find("Account", isOwn);
    return account && accountInfo(account, idToken);
  });
}
