import type { AccountInfo } from "../account.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { CONSUMER_TENANT, knownCloud } from "../authority/clouds.js";
import { isIssuerOf, sameIssuer } from "../authority/issuer.js";
import { isTenantName } from "../authority/tenant-name.js";
import { isHomeTenant } from "../cache/account-info.js";
import { isOfKind, issuerOf } from "../cache/account-provider.js";
import { isSharedId, issuersOf } from "../cache/memory/find.js";
import { userPartition } from "../cache/memory/partition-key.js";
import type { Provider } from "../cache/provider.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import {
  clientConfigurationError,
  interactionRequiredError,
  isAuthError,
  type AuthError,
} from "../errors/errors.js";
import type { TokenRequest } from "../request/token-request.js";

/** An account, and the authority that a request wants to use for it. */
export interface AccountUse {
  readonly request: TokenRequest;
  readonly url: AuthorityUrl;
  readonly account: AccountInfo;
}

/**
 * The authority that serves an account: the request's, else the app's; for an account of another Entra cloud than the
 * app's the same one there.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found` for an account of another provider
 */
export function authorityOf(client: Client, request: TokenRequest, account: AccountInfo): AuthorityUrl {
  const { authorities } = client;
  const url = authorities.url(request.authorityUrl);
  const { environment } = account;
  if (isServedBy(client, account, url)) return url;
  const isElsewhere = dialectOf(url).hasClouds && knownCloud(url.host) && knownCloud(environment);
  if (!isElsewhere || request.authorityIsExplicit || !isOfKind(account, url))
    throw foreign({ account, url, request });
  return authorities.url(`https://${environment}/${url.segments.join("/")}/`);
}

/**
 * {@link authorityOf} in the tenant that is asked for: the one that the authority names or, where it stands for many, that
 * of the account. A guest's token comes from the tenant the user is a guest of.
 */
export function tenantAuthorityOf(client: Client, request: TokenRequest, account: AccountInfo): AuthorityUrl {
  const url = authorityOf(client, request, account);
  if (!dialectOf(url).isMultiTenant(url) || url.namesTenant || url.segments.length > 1) return url;
  const tenant = (account.tenantId ?? "").toLowerCase();
  if (isHomeTenant(tenant, account.homeAccountId.toLowerCase()) || !isTenantName(tenant)) return url;
  return client.authorities.url(`${url.href.slice(0, -url.tenant.length - 1)}${tenant}/`);
}

/**
 * The realms that hold the tokens of an account at the authority that {@link tenantAuthorityOf} has found: first the one
 * that tokens are written to.
 */
export function realmsOf(client: Client, { request, url, account }: AccountUse): readonly string[] {
  if (!dialectOf(url).hasTenants) return [url.realm];
  const tenant = (account.tenantId ?? "").toLowerCase();
  if (url.namesTenant) {
    const id = client.authorities.tenantIdOf(url);
    // A domain does not say which tenant it is: nothing is found until an answer brings the id. Only a program of the user's
    // own, which starts anew for each command, takes its own domain for the account's tenant until then.
    if (!id) return [client.isPublic && !request.authorityIsExplicit ? tenant || url.tenant : url.tenant];
    return id === CONSUMER_TENANT ? [id, "consumers"] : [id];
  }
  if (!dialectOf(url).isMultiTenant(url)) return [tenant || url.tenant];
  // Other libraries keep the tokens of the home tenant under the name the authority gives it.
  return tenant === "" ? [url.tenant] : [tenant, url.tenant];
}

/**
 * Refuses an account of another provider than the authority's where something of the account would be sent there.
 *
 * @throws ClientConfigurationError `authority_mismatch`
 */
export async function requireAccountOf(
  client: Client,
  request: TokenRequest,
  account: AccountInfo | undefined,
): Promise<void> {
  if (!account) return;
  const url = client.authorities.url(request.authorityUrl);
  const use = { request, url, account };
  if (isServedBy(client, account, url) && (await inMemory(client, use, isOfIssuer))) return;
  throw clientConfigurationError("authority_mismatch", explanation(account, url), request);
}

/** Whether an account may be named to an authority as the user who is expected: to another it says nothing. */
export async function isExpectedAt(
  client: Client,
  request: TokenRequest,
  account: AccountInfo,
): Promise<boolean> {
  const url = client.authorities.url(request.authorityUrl);
  // A hint that is made by hand may leave out the port.
  const isHere = isServedBy(client, account, url) || account.environment === url.host.replace(/:\d+$/, "");
  return isHere && isOfKind(account, url) && inMemory(client, { request, url, account }, isOfIssuer);
}

/** Whether a request could be made for an account: for accounts that the caller did not choose. */
export async function isServed(
  client: Client,
  request: TokenRequest,
  account: AccountInfo,
): Promise<boolean> {
  try {
    const url = authorityOf(client, request, account);
    await inMemory(client, { request, url, account }, requireProvider);
    return true;
  } catch (error) {
    if (isAuthError(error)) return false;
    throw error;
  }
}

/** The provider of an account, beside its hosts, as far as it is known before the cache is asked. */
export function providerOf({ request, url, account }: AccountUse): AccountProvider {
  const { kind } = url;
  const { hasIssuers } = dialectOf(url);
  const said = hasIssuers ? issuerOf(account) : undefined;
  return {
    kind,
    issuer: hasIssuers ? (said ?? url.href) : undefined,
    untold: !request.authorityIsExplicit && !(hasIssuers ? said : account.authorityType),
  };
}

/** A provider without its hosts. */
type AccountProvider = Pick<Provider, "kind" | "issuer" | "untold">;

/**
 * Refuses an account of another issuer, or of an AD FS, on the authority's host. An account that has lost its claims is
 * taken for the authority's if the request names the authority, or if no other provider is known there.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found`
 */
export function requireProvider(client: Client, memory: TokenMemory, use: AccountUse): void {
  const isOwn = providerOf(use).untold ? !isShared(client, memory, use) : isOfIssuer(client, memory, use);
  if (!isOwn) throw foreign(use);
}

async function inMemory<T>(
  client: Client,
  use: AccountUse,
  ask: (client: Client, memory: TokenMemory, use: AccountUse) => T,
): Promise<T> {
  return client.cache.read(userPartition(use.account.homeAccountId), (memory) => ask(client, memory, use));
}

/** Whether an account is one of the hosts and of the kind of an authority, as far as that is known before it is asked. */
function isServedBy({ authorities }: Client, account: AccountInfo, url: AuthorityUrl): boolean {
  if (!isOfKind(account, url)) return false;
  return authorities.aliasesOf(url.host).has(account.environment) || !authorities.knowsAliasesOf(url);
}

/** Whether an account may be of an authority's issuer, as far as it says. */
function isOfIssuer(client: Client, memory: TokenMemory, use: AccountUse): boolean {
  const { url, account } = use;
  const issuer = dialectOf(url).hasIssuers ? issuerOf(account) : undefined;
  if (issuer === undefined || isIssuerOf(issuer, url)) return true;
  // The ID tokens of a user may show that an issuer has another name than its authority.
  const environments = client.authorities.aliasesOf(url.host);
  const known = issuersOf(memory, userPartition(account.homeAccountId), environments).filter(
    (one) => one.realm === url.realm && one.issuer !== undefined,
  );
  return known.length > 0 && known.every((one) => sameIssuer(one.issuer ?? "", issuer));
}

/** Whether other providers of the host have a user of this id, or may have one. */
function isShared({ authorities }: Client, memory: TokenMemory, use: AccountUse): boolean {
  const { url, account } = use;
  const provider = { ...providerOf(use), environments: authorities.aliasesOf(url.host), realms: [url.realm] };
  return authorities.isShared(url.host) || isSharedId(memory, userPartition(account.homeAccountId), provider);
}

function foreign({ account, url, request }: AccountUse): AuthError {
  return interactionRequiredError("no_tokens_found", explanation(account, url), request);
}

function explanation(account: AccountInfo, url: AuthorityUrl): string {
  const { environment } = account;
  if (!environment) {
    return "account.environment is missing, so nothing says which provider the account belongs to: pass the account as it was returned, or let the user sign in.";
  }
  const issuer = dialectOf(url).hasIssuers ? issuerOf(account) : undefined;
  const name = issuer === undefined ? "" : ` (issuer ${JSON.stringify(issuer)})`;
  return `The account belongs to ${JSON.stringify(environment)}${name}, and nothing shows that this is the authority of the request, "${url.href}": name the account's own provider as authority in the request, or let the user sign in to this one.`;
}
