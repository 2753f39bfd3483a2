import type { AuthorityKind } from "../authority/authority-url.js";
import { sameIssuer } from "../authority/issuer.js";
import { dialectOf } from "../dialect/dialects.js";
import { claimsOf } from "./account-info.js";
import { isEntry, type Entry } from "./memory/entry.js";
import { type Partition } from "./memory/partition.js";
import { ADFS } from "./schema/schema.js";

/**
 * An identity provider, as the cache distinguishes it from others. A user id is unique only within one provider, and
 * any provider can issue any `sub`, so a partition may hold entries of several.
 */
export interface Provider {
  /** Hosts of the provider, including aliases. */
  readonly environments: ReadonlySet<string>;
  /** Distinguishes AD FS from Entra on the same host. When omitted, only the hosts are compared. */
  readonly kind?: AuthorityKind | undefined;
  /** The issuer of an OpenID Provider, because a host may have several. */
  readonly issuer?: string | undefined;
  /** Only the host is known. Finds nothing if several providers at the host have a user of this id. */
  readonly hostOnly?: boolean | undefined;
  /** The realm of an issuer's entries, in lower case. */
  readonly realms?: readonly string[] | undefined;
}

/** Returns a predicate for the entries of a partition that belong to a provider. */
export function entriesOf(partition: Partition, provider: Provider): (entry: Entry) => boolean {
  const { environments, kind, issuer } = provider;
  const isHere = (entry: Entry): boolean => environments.has(entry.entity.environment);
  if (provider.hostOnly && isShared(partition, provider)) return () => false;
  if (issuer !== undefined) return entriesOfIssuer(partition, provider, issuer, isHere);
  if (kind === undefined) return isHere;
  const isAdfs = dialectOf({ kind }).accountType === ADFS;
  const isOwn = (entry: Entry<"Account">): boolean => (entry.entity.authority_type === ADFS) === isAdfs;
  const accounts = partition.all("Account").filter(isHere);
  if (accounts.every(isOwn)) return isHere;
  const areBoth = accounts.some(isOwn);
  return (entry) =>
    isHere(entry) && (isEntry(entry, "Account") ? isOwn(entry) : areBoth && isOfAdfs(entry) === isAdfs);
}

/** Whether a partition holds, or may hold, entries of other providers at the same hosts. */
export function isShared(partition: Partition, { environments, kind, issuer, realms }: Provider): boolean {
  const accounts = partition.all("Account").filter(({ entity }) => environments.has(entity.environment));
  if (issuer === undefined) {
    const isAdfs = kind !== undefined && dialectOf({ kind }).accountType === ADFS;
    return accounts.some(({ entity }) => (entity.authority_type === ADFS) !== isAdfs);
  }
  return issuersAt(partition, environments).some(
    (known) =>
      known.realm !== realms?.[0] &&
      (known.issuer === undefined ? accounts.length > 1 : !sameIssuer(known.issuer, issuer)),
  );
}

/**
 * Lists the issuers that a partition knows at a host. For an account without an ID token, only the realm is known.
 */
export function issuersAt(
  partition: Partition,
  environments: ReadonlySet<string>,
): readonly { readonly realm: string; readonly issuer: string | undefined }[] {
  const issuers: { readonly realm: string; readonly issuer: string | undefined }[] = [];
  for (const entry of partition.all("IdToken")) {
    const issuer = environments.has(entry.entity.environment) ? claimsOf(entry).iss : undefined;
    if (typeof issuer === "string") issuers.push({ realm: realmOf(entry), issuer });
  }
  const known = new Set(issuers.map(({ realm }) => realm));
  for (const entry of partition.all("Account")) {
    const realm = realmOf(entry);
    if (environments.has(entry.entity.environment) && !known.has(realm))
      issuers.push({ realm, issuer: undefined });
  }
  return issuers;
}

/**
 * Selects entries of the issuer's own realm, and of every realm that holds an ID token of the issuer: other libraries
 * use the token's `tid`, or nothing, as the realm. A realm with an ID token of another issuer belongs to that issuer.
 */
function entriesOfIssuer(
  partition: Partition,
  { environments, realms: [own = ""] = [] }: Provider,
  issuer: string,
  isHere: (entry: Entry) => boolean,
): (entry: Entry) => boolean {
  const realms = new Set([own]);
  const others = new Set<string>();
  let isProven = false;
  for (const known of issuersAt(partition, environments)) {
    if (known.issuer === undefined) continue;
    const isOwn = sameIssuer(known.issuer, issuer);
    (isOwn ? realms : others).add(known.realm);
    isProven ||= isOwn;
  }
  for (const realm of others) realms.delete(realm);
  const hasForeignRealm = realms.size > (realms.has(own) ? 1 : 0);
  const ownsRealmless = (realms.has("") || hasForeignRealm) && !others.has("");
  // Other libraries may cache the account and its ID token under different realms.
  const isOnly = isProven && others.size === 0 && partition.all("Account").filter(isHere).length === 1;
  return (entry) => {
    if (!isHere(entry)) return false;
    if (isEntry(entry, "RefreshToken") && !entry.entity.realm) return ownsRealmless;
    return realms.has(realmOf(entry)) || (isOnly && isEntry(entry, "Account"));
  };
}

/** AD FS has no tenants: its access tokens are cached under its path, its ID tokens without a realm. */
function isOfAdfs(entry: Entry): boolean {
  const realm = realmOf(entry);
  return realm === "adfs" || (realm === "" && !isEntry(entry, "RefreshToken"));
}

function realmOf({ entity }: Entry): string {
  const realm = entity["realm"];
  return typeof realm === "string" ? realm.toLowerCase() : "";
}
