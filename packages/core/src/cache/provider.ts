import type { AuthorityKind } from "../authority/authority-url.js";
import { sameIssuer } from "../authority/issuer.js";
import { dialectOf } from "../dialect/dialects.js";
import { claimsOf } from "./account-info.js";
import { isEntry, type Entry, type Partition } from "./memory/partition.js";
import { ADFS } from "./schema/schema.js";

/**
 * An identity provider, as the cache tells it apart from others. An identifier of a user is unique within one provider
 * only: a partition may hold entries of several, because any of them can issue any `sub`.
 */
export interface Provider {
  /** Hosts that mean the provider. */
  readonly environments: ReadonlySet<string>;
  /** AD FS and Entra may share a host. When it is left out, the hosts alone decide. */
  readonly kind?: AuthorityKind | undefined;
  /** The issuer of an OpenID Provider: a host may have several. */
  readonly issuer?: string | undefined;
  /** Nothing but the host is told: where it is that of several providers with a user of this id, nothing is found. */
  readonly untold?: boolean | undefined;
  /** For an issuer: the realm its entries are written under, in lower case. */
  readonly realms?: readonly string[] | undefined;
}

/** Which entries of a partition belong to a provider. */
export function entriesOf(partition: Partition, provider: Provider): (entry: Entry) => boolean {
  const { environments, kind, issuer } = provider;
  const isHere = (entry: Entry): boolean => environments.has(entry.entity.environment);
  if (provider.untold && isShared(partition, provider)) return () => false;
  if (issuer !== undefined) return entriesOfIssuer(partition, { ...provider, issuer }, isHere);
  if (kind === undefined) return isHere;
  const isAdfs = dialectOf({ kind }).accountType === ADFS;
  const isOwn = (entry: Entry<"Account">): boolean => (entry.entity.authority_type === ADFS) === isAdfs;
  const accounts = [...partition.all("Account")].filter(isHere);
  if (accounts.every(isOwn)) return isHere;
  const areBoth = accounts.some(isOwn);
  return (entry) =>
    isHere(entry) && (isEntry(entry, "Account") ? isOwn(entry) : areBoth && isOfAdfs(entry) === isAdfs);
}

/** Whether entries of other providers lie beside those of a provider, or may do so. */
export function isShared(partition: Partition, { environments, kind, issuer, realms }: Provider): boolean {
  const accounts = [...partition.all("Account")].filter(({ entity }) => environments.has(entity.environment));
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

/** What a partition says of the issuers of a host: of an account without an ID token nothing but its realm is known. */
export function issuersAt(
  partition: Partition,
  environments: ReadonlySet<string>,
): readonly { readonly realm: string; readonly issuer: string | undefined }[] {
  const tokens = [...partition.all("IdToken")].filter(({ entity }) => environments.has(entity.environment));
  const known = tokens.flatMap((entry) => {
    const { iss } = claimsOf(entry);
    return typeof iss === "string" ? [{ realm: realmOf(entry), issuer: iss }] : [];
  });
  const unknown = [...partition.all("Account")]
    .filter((entry) => environments.has(entry.entity.environment))
    .map((entry) => ({ realm: realmOf(entry), issuer: undefined }))
    .filter(({ realm }) => !known.some((other) => other.realm === realm));
  return [...known, ...unknown];
}

/**
 * The issuer's own realm, and those under which an ID token of the issuer lies: other libraries take the token's `tid`,
 * or nothing, for the realm. A realm with an ID token of another issuer is that one's.
 */
function entriesOfIssuer(
  partition: Partition,
  { environments, issuer, realms: [own = ""] = [] }: Provider & { readonly issuer: string },
  isHere: (entry: Entry) => boolean,
): (entry: Entry) => boolean {
  const issuers = issuersAt(partition, environments);
  const others = issuers.filter((other) => other.issuer !== undefined && !sameIssuer(other.issuer, issuer));
  const proven = issuers.filter((known) => known.issuer !== undefined && sameIssuer(known.issuer, issuer));
  const isOthers = (realm: string): boolean => others.some((other) => other.realm === realm);
  const candidates = [own, ...proven.map(({ realm }) => realm)];
  const realms = new Set(candidates.filter((realm) => !isOthers(realm)));
  const hasForeignRealm = [...realms].some((realm) => realm !== own);
  const ownsRealmless = (realms.has("") || hasForeignRealm) && !isOthers("");
  // Other libraries may name another realm for the account than for its ID token.
  const isOnly =
    proven.length > 0 && others.length === 0 && [...partition.all("Account")].filter(isHere).length === 1;
  return (entry) => {
    if (!isHere(entry)) return false;
    if (isEntry(entry, "RefreshToken") && !entry.entity.realm) return ownsRealmless;
    return realms.has(realmOf(entry)) || (isOnly && isEntry(entry, "Account"));
  };
}

/** AD FS has no tenants: its access tokens are kept under its path, its ID tokens under no realm. */
function isOfAdfs(entry: Entry): boolean {
  const realm = realmOf(entry);
  return realm === "adfs" || (realm === "" && !isEntry(entry, "RefreshToken"));
}

function realmOf({ entity }: Entry): string {
  const realm = entity["realm"];
  return typeof realm === "string" ? realm.toLowerCase() : "";
}
