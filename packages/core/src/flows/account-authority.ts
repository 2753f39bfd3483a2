import type { AccountInfo } from "../account.js";
import { realmsOfTenant, type AuthorityUrl } from "../authority/authority-url.js";
import { knownCloud } from "../authority/clouds.js";
import { isIssuerOf, sameIssuer } from "../authority/issuer.js";
import { isTenantName } from "../authority/tenant-name.js";
import { isHomeTenant } from "../cache/account-info.js";
import { isOfKind, issuerOf } from "../cache/account-provider.js";
import { isSharedId, issuersOf } from "../cache/memory/find.js";
import { userPartition } from "../cache/memory/partition-key.js";
import { GENERIC } from "../cache/schema/schema.js";
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

/** An account, and the authority that a request uses for it. */
export interface AccountUse {
  readonly request: TokenRequest;
  readonly url: AuthorityUrl;
  readonly account: AccountInfo;
}

/**
 * Returns the authority for an account: the request's, else the app's. For an account of another Entra cloud, the
 * app's authority in that cloud.
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
 * Returns {@link authorityOf} in the requested tenant: the authority's own or, for a multi-tenant authority, the
 * account's. A guest's token therefore comes from the tenant that the user is a guest of.
 */
export function tenantAuthorityOf(client: Client, request: TokenRequest, account: AccountInfo): AuthorityUrl {
  const url = authorityOf(client, request, account);
  if (url.namesTenant || url.segments.length > 1 || !dialectOf(url).isMultiTenant(url)) return url;
  const tenant = (account.tenantId ?? "").toLowerCase();
  if (isHomeTenant(tenant, account.homeAccountId.toLowerCase()) || !isTenantName(tenant)) return url;
  return client.authorities.url(`${url.href.slice(0, -url.tenant.length - 1)}${tenant}/`);
}

/**
 * Returns the realms to look in for an account's tokens at the authority from {@link tenantAuthorityOf}. New tokens are
 * written to the first.
 */
export function realmsOf(client: Client, { url, account }: AccountUse): readonly string[] {
  if (url.tenantRealms) return url.tenantRealms;
  if (!dialectOf(url).hasTenants) return [url.realm];
  const tenant = (account.tenantId ?? "").toLowerCase();
  if (url.namesTenant) {
    const id = client.authorities.tenantIdOf(url);
    // For an unknown domain the look-up finds nothing; the refresh then returns the tenant's token and its id.
    return id ? realmsOfTenant(id) : [url.tenant];
  }
  if (!dialectOf(url).isMultiTenant(url)) return [tenant || url.tenant];
  // Other libraries cache tokens of the home tenant under the authority's name for it.
  return tenant === "" ? [url.tenant] : [tenant, url.tenant];
}

/** Whether an authority names a tenant by a domain whose tenant id is not known yet. */
export function isOfUnknownTenant(client: Client, url: AuthorityUrl): boolean {
  return !url.tenantRealms && url.namesTenant && client.authorities.tenantIdOf(url) === undefined;
}

/**
 * Refuses an account of another provider, before any of its data is sent to the authority.
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

/** Whether an account belongs to the authority, so that it may be sent as the expected user. */
export async function isExpectedAt(
  client: Client,
  request: TokenRequest,
  account: AccountInfo,
): Promise<boolean> {
  const url = client.authorities.url(request.authorityUrl);
  // A hand-written hint may omit the port.
  const isHere = isServedBy(client, account, url) || account.environment === url.host.replace(/:\d+$/, "");
  return isHere && isOfKind(account, url) && inMemory(client, { request, url, account }, isOfIssuer);
}

/** Whether the request's authority serves an account, for accounts that the caller did not choose. */
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

/** Returns the provider of an account, except its hosts, as far as known without the cache. */
export function providerOf({ request, url, account }: AccountUse): AccountProvider {
  const { kind } = url;
  const { hasIssuers } = dialectOf(url);
  const said = hasIssuers ? issuerOf(account) : undefined;
  return {
    kind,
    issuer: hasIssuers ? (said ?? url.issuer ?? url.href) : undefined,
    hostOnly:
      !request.authorityIsExplicit &&
      !(hasIssuers ? (said ?? namesRealm(account, url)) : account.authorityType),
  };
}

/** Whether an account without an ID token names the realm of an authority. */
function namesRealm({ authorityType, tenantId }: AccountInfo, { realm }: AuthorityUrl): boolean {
  return authorityType === GENERIC && realm !== "" && tenantId?.toLowerCase() === realm;
}

/** A provider without its hosts. */
type AccountProvider = Pick<Provider, "kind" | "issuer" | "hostOnly">;

/**
 * Refuses an account of another issuer, or of AD FS, at the authority's host. An account without claims is assumed to
 * be the authority's if the request names the authority, or if no other provider is known at the host.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found`
 */
export function requireProvider(client: Client, memory: TokenMemory, use: AccountUse): void {
  const isOwn = providerOf(use).hostOnly ? !isShared(client, memory, use) : isOfIssuer(client, memory, use);
  if (!isOwn) throw foreign(use);
}

async function inMemory<T>(
  client: Client,
  use: AccountUse,
  look: (client: Client, memory: TokenMemory, use: AccountUse) => T,
): Promise<T> {
  return client.cache.read(userPartition(use.account.homeAccountId), (memory) => look(client, memory, use));
}

/** Whether an account has a host and the kind of an authority, as far as known without discovery. */
function isServedBy({ authorities }: Client, account: AccountInfo, url: AuthorityUrl): boolean {
  if (!isOfKind(account, url)) return false;
  return authorities.isAlias(url.host, account.environment) || !authorities.knowsAliasesOf(url);
}

/** Whether an account may belong to an authority's issuer. */
function isOfIssuer(client: Client, memory: TokenMemory, use: AccountUse): boolean {
  const { url, account } = use;
  if (!dialectOf(url).hasIssuers) return true;
  const issuer = issuerOf(account);
  if (issuer === undefined && (!account.tenantId || namesRealm(account, url))) return true;
  if (issuer !== undefined && isIssuerOf(issuer, url)) return true;
  const environments = client.authorities.aliasesOf(url.host);
  const all = issuersOf(memory, userPartition(account.homeAccountId), environments);
  // Without an ID token, the tenant of an account may be the realm of another server.
  if (issuer === undefined) {
    const realm = account.tenantId.toLowerCase();
    return !all.some((one) => one.issuer === undefined && one.realm === realm && realm !== url.realm);
  }
  // The user's ID tokens may show that the issuer's name differs from the authority.
  const known = all.filter((one) => one.realm === url.realm && one.issuer !== undefined);
  return known.length > 0 && known.every((one) => sameIssuer(one.issuer ?? "", issuer));
}

/** Whether other providers at the host have, or may have, a user with this id. */
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
    return "account.environment is missing, so the account's provider is unknown: pass the account as it was returned, or let the user sign in.";
  }
  const issuer = dialectOf(url).hasIssuers ? issuerOf(account) : undefined;
  const name = issuer === undefined ? "" : ` (issuer ${JSON.stringify(issuer)})`;
  return `The account belongs to ${JSON.stringify(environment)}${name}, which is not known to be the authority of the request, "${url.href}": set the account's own provider as authority of the request, or let the user sign in to this one.`;
}
