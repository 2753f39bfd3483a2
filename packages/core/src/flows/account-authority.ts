import type { AccountInfo } from "../account.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { knownCloud } from "../authority/clouds.js";
import { isIssuerOf, sameIssuer } from "../authority/issuer.js";
import { isOfKind, issuerOf } from "../cache/account-provider.js";
import type { Entry } from "../cache/memory/partition.js";
import { userPartition } from "../cache/memory/partition-key.js";
import { ADFS } from "../cache/schema/schema.js";
import { AuthError, clientConfigurationError, interactionRequiredError } from "../errors/errors.js";
import type { TokenRequest } from "../request/token-request.js";
import type { Client } from "../client/client.js";

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
  const isElsewhere = url.kind === "entra" && knownCloud(url.host) && knownCloud(environment);
  if (!isElsewhere || request.authorityIsExplicit || !isOfKind(account, url)) {
    throw foreign(account, url, request);
  }
  return authorities.url(`https://${environment}/${url.segments.join("/")}/`);
}

/**
 * Refuses an account of another provider than the authority's where something of the account would be sent there.
 *
 * @throws ClientConfigurationError `authority_mismatch`
 */
export function requireAccountOf(
  client: Client,
  request: TokenRequest,
  account: AccountInfo | undefined,
): void {
  if (!account) return;
  const url = client.authorities.url(request.authorityUrl);
  if (isServedBy(client, account, url) && isOfIssuer(client, url, account)) return;
  throw clientConfigurationError("authority_mismatch", explanation(account, url), request);
}

/** Whether an account may be named to an authority as the user who is expected: to another it says nothing. */
export function isExpectedAt(client: Client, request: TokenRequest, account: AccountInfo): boolean {
  const url = client.authorities.url(request.authorityUrl);
  // A hint that is made by hand may leave out the port.
  const isHere = isServedBy(client, account, url) || account.environment === url.host.replace(/:\d+$/, "");
  return isHere && isOfKind(account, url) && isOfIssuer(client, url, account);
}

/** Whether a request could be made for an account: for accounts that nobody named. */
export function isServed(client: Client, request: TokenRequest, account: AccountInfo): boolean {
  try {
    requireIssuer(client, request, authorityOf(client, request, account), account);
    return true;
  } catch (error) {
    if (error instanceof AuthError) return false;
    throw error;
  }
}

/**
 * Refuses an account of another issuer, or of an AD FS, on the authority's host. An account that has lost its claims is
 * taken for the authority's if the request names the authority, or if nothing is known of another provider there.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found`
 */
export function requireIssuer(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  account: AccountInfo,
): void {
  if (url.kind !== "oidc") {
    if (account.authorityType || request.authorityIsExplicit || !isShared(client, url, account)) return;
    throw foreign(account, url, request);
  }
  const isSaid = issuerOf(account) !== undefined || request.authorityIsExplicit;
  if (!isOfIssuer(client, url, account) || !(isSaid || isAlone(client, url, account)))
    throw foreign(account, url, request);
}

/** Whether an account is one of the hosts and of the kind of an authority, as far as that is known before it is asked. */
function isServedBy({ authorities }: Client, account: AccountInfo, url: AuthorityUrl): boolean {
  if (!isOfKind(account, url)) return false;
  return authorities.aliasesOf(url.host).has(account.environment) || !authorities.knowsAliasesOf(url);
}

/** Whether an account may be of an authority's issuer, as far as it says. */
function isOfIssuer(client: Client, url: AuthorityUrl, account: AccountInfo): boolean {
  const issuer = url.kind === "oidc" ? issuerOf(account) : undefined;
  return issuer === undefined || isIssuerOf(issuer, url) || isProven(client, url, account, issuer);
}

/** An issuer that the app vouches for (`knownAuthorities`) has another name than its authority: its ID tokens tell. */
function isProven(client: Client, url: AuthorityUrl, account: AccountInfo, issuer: string): boolean {
  const known = issuersOf(client, url, account).filter(
    (one) => one.realm === url.realm && one.issuer !== undefined,
  );
  return known.length > 0 && known.every((one) => sameIssuer(one.issuer ?? "", issuer));
}

/** Whether no other issuer of the host may have a user of this id. */
function isAlone(client: Client, url: AuthorityUrl, account: AccountInfo): boolean {
  if (client.authorities.isShared(url.host)) return false;
  const isOnly = accountsAt(client, url, account).length <= 1;
  return issuersOf(client, url, account).every(
    ({ realm, issuer }) => realm === url.realm || (issuer === undefined ? isOnly : isIssuerOf(issuer, url)),
  );
}

function issuersOf(
  client: Client,
  url: AuthorityUrl,
  account: AccountInfo,
): ReturnType<Client["cache"]["issuersAt"]> {
  const partition = userPartition(account.homeAccountId);
  return client.cache.issuersAt(partition, client.authorities.aliasesOf(url.host));
}

/** Whether an AD FS and another provider share the host, and the account may be the other one's. */
function isShared(client: Client, url: AuthorityUrl, account: AccountInfo): boolean {
  if (client.authorities.isShared(url.host)) return true;
  return accountsAt(client, url, account).some(
    ({ entity }) => (entity.authority_type === ADFS) !== (url.kind === "adfs"),
  );
}

function accountsAt(
  { authorities, cache }: Client,
  url: AuthorityUrl,
  account: AccountInfo,
): readonly Entry<"Account">[] {
  const aliases = authorities.aliasesOf(url.host);
  return cache
    .accountsOf(userPartition(account.homeAccountId))
    .filter(({ entity }) => aliases.has(entity.environment));
}

function foreign(account: AccountInfo, url: AuthorityUrl, request: TokenRequest): AuthError {
  return interactionRequiredError("no_tokens_found", explanation(account, url), request);
}

function explanation(account: AccountInfo, url: AuthorityUrl): string {
  const { environment } = account;
  if (!environment) {
    return "account.environment is missing, so nothing says which provider the account belongs to: pass the account as it was returned, or let the user sign in.";
  }
  const issuer = url.kind === "oidc" ? issuerOf(account) : undefined;
  const name = issuer === undefined ? "" : ` (issuer ${JSON.stringify(issuer)})`;
  return `The account belongs to ${JSON.stringify(environment)}${name}, and nothing shows that this is the authority of the request, "${url.href}": name the account's own provider as authority in the request, or let the user sign in to this one.`;
}
