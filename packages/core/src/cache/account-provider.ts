import type { AccountInfo } from "../account.js";
import { issuerRealm, type AuthorityUrl } from "../authority/authority-url.js";
import { isIssuerOf, sameIssuer } from "../authority/issuer.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientAuthError } from "../errors/errors.js";
import { decodeIdToken } from "../response/id-token.js";
import type { Entry } from "./memory/entry.js";
import type { issuersAt, Provider } from "./provider.js";
import { ADFS, GENERIC } from "./schema/schema.js";

/** Returns the issuer of an account's ID token, or `undefined` for an account without one. */
export function issuerOf({ idTokenClaims, idToken }: AccountInfo): string | undefined {
  const issuer: unknown = idTokenClaims?.iss;
  if (typeof issuer === "string") return issuer;
  if (typeof idToken !== "string" || idToken === "") return undefined;
  try {
    const { iss } = decodeIdToken(idToken);
    return typeof iss === "string" ? iss : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an account may belong to the kind of provider of a URL. AD FS and Entra may share a host. */
export function isOfKind({ authorityType: type }: AccountInfo, url: AuthorityUrl): boolean {
  const { hasIssuers, accountType } = dialectOf(url);
  return hasIssuers || !type || (type === ADFS) === (accountType === ADFS);
}

/** Whether a cached account belongs to an authority's provider. */
export function isOfAuthority(
  account: AccountInfo,
  url: AuthorityUrl,
  aliases: ReadonlySet<string>,
): boolean {
  if (!aliases.has(account.environment) || !isOfKind(account, url)) return false;
  if (!dialectOf(url).hasIssuers) return true;
  const issuer = issuerOf(account);
  // Without an ID token, the account's tenant holds the realm.
  return issuer === undefined ? account.tenantId.toLowerCase() === url.realm : isIssuerOf(issuer, url);
}

/**
 * Returns the first of the accounts found for an id.
 *
 * @param field the field that was searched for
 * @throws ClientAuthError `multiple_matching_accounts` when they belong to several providers, each of which can issue
 * any id
 */
export function onlyProvidersAccount(
  accounts: readonly AccountInfo[],
  field: "homeAccountId" | "localAccountId",
  authorities: { aliasesOf(environment: string): ReadonlySet<string> },
): AccountInfo | null {
  const [first, ...more] = accounts;
  if (!first) return null;
  const other = more.find(
    (account) => !isSameProvider(first, account, authorities.aliasesOf(first.environment)),
  );
  if (!other) return first;
  const names = [first, other].map((account) => JSON.stringify(issuerName(account))).join(" and ");
  throw clientAuthError(
    "multiple_matching_accounts",
    `${field} matches users of several identity providers, ${names}: choose one with getAccounts({ ${field}, authority }).`,
  );
}

/**
 * Determines which of a host's providers an account belongs to.
 *
 * @param accounts the cached accounts of this id at the host
 * @param issuers see {@link issuersAt}
 * @param isShared whether the application uses several providers at the host
 * @throws ClientAuthError `multiple_matching_accounts` when there are several and the account does not name its own
 */
export function providerOf(
  account: AccountInfo,
  accounts: readonly Entry<"Account">[],
  issuers: ReturnType<typeof issuersAt>,
  isShared: boolean,
): Omit<Provider, "environments"> {
  const types = new Set(accounts.map(({ entity }) => entity.authority_type));
  const type = account.authorityType || (types.size === 1 && !isShared ? [...types][0] : undefined);
  if (type !== undefined && type !== GENERIC) return { kind: type === ADFS ? "adfs" : "entra" };
  const issuer = issuerOf(account);
  if (issuer !== undefined) {
    const realm = issuerRealm(issuer);
    const isOwn = (known: (typeof issuers)[number]): boolean =>
      known.issuer === undefined ? known.realm === realm : sameIssuer(known.issuer, issuer);
    return issuers.every(isOwn) ? {} : { issuer, realms: [realm] };
  }
  const realms = new Set(issuers.map(({ realm }) => realm));
  if (realms.size <= 1 && types.size <= 1 && !isShared) return {};
  throw clientAuthError(
    "multiple_matching_accounts",
    `There are several identity providers at ${JSON.stringify(account.environment)}, and the account does not show which one it belongs to: pass it with its idTokenClaims, as getAccounts({ homeAccountId, authority }) returns it.`,
  );
}

function isSameProvider(a: AccountInfo, b: AccountInfo, aliases: ReadonlySet<string>): boolean {
  if (!aliases.has(b.environment) || (a.authorityType === ADFS) !== (b.authorityType === ADFS)) return false;
  if (a.authorityType !== GENERIC && b.authorityType !== GENERIC) return true;
  return sameIssuer(issuerOf(a) ?? a.tenantId, issuerOf(b) ?? b.tenantId);
}

function issuerName(account: AccountInfo): string {
  return (account.authorityType === GENERIC && issuerOf(account)) || account.environment;
}
