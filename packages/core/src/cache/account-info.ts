import type { AccountInfo, DataBoundary, TenantProfile } from "../account.js";
import { MULTI_TENANT_SEGMENTS } from "../authority/clouds.js";
import { base64Decode, parseJsonObject } from "../encoding.js";
import {
  decodeIdToken,
  isKmsi,
  tenantOf,
  typedClaims,
  type AllIdTokenClaims,
  type IdTokenClaims,
} from "../response/id-token.js";
import type { Entry } from "./memory/entry.js";
import { ADFS, GENERIC, type AccountEntity } from "./schema/schema.js";

/** Returns the claims of a cached ID token, decoded on first use; `{}` if it cannot be decoded. */
export function claimsOf(entry: Entry<"IdToken">): AllIdTokenClaims {
  if (!entry.facts) {
    try {
      entry.facts = typedClaims(decodeIdToken(entry.entity.secret));
    } catch {
      entry.facts = {};
    }
  }
  return entry.facts as AllIdTokenClaims;
}

/**
 * Returns the public account of a user in the tenant of an ID token, or in the home tenant without one. Each call
 * returns a new object, always with its members in the same order, so that copying it is cheap.
 */
export function accountInfo(account: Entry<"Account">, idToken: Entry<"IdToken"> | undefined): AccountInfo {
  const base = baseAccount(account);
  if (!idToken) return { ...base };
  const { entity } = account;
  const claims = claimsOf(idToken);
  const profile = profileFromClaims(entity.home_account_id, claims, !hasTenants(entity));
  // The cache may know what the token omits: a B2C user may be named by `emails` alone.
  const stored = base.tenantProfiles?.get(profile.tenantId);
  // Assigned member by member, because spreading two objects of different shapes takes ten times as long.
  return {
    homeAccountId: base.homeAccountId,
    environment: base.environment,
    tenantId: profile.tenantId,
    username: profile.username || stored?.username || base.username,
    localAccountId: profile.localAccountId || stored?.localAccountId || base.localAccountId,
    loginHint: profile.loginHint || stored?.loginHint,
    name: profile.name || stored?.name || base.name || undefined,
    nativeAccountId: base.nativeAccountId,
    authorityType: base.authorityType,
    tenantProfiles: base.tenantProfiles,
    dataBoundary: base.dataBoundary,
    upn: profile.upn || stored?.upn,
    idTokenClaims: claims,
    idToken: idToken.entity.secret,
    kmsi: isKmsi(claims),
  };
}

/**
 * Whether an account that is searched for without its issuer belongs to one of these realms. Only relevant to users
 * of OpenID Providers.
 */
export function isOfRealm({ entity }: Entry<"Account">, realms: readonly string[]): boolean {
  return entity.authority_type !== GENERIC || !entity.realm || realms.includes(entity.realm.toLowerCase());
}

/** Returns the realms, in lower case, under which the ID token of a user's profile may be cached. */
export function idTokenRealms(entity: AccountEntity, tenantId: string): readonly string[] {
  // A provider other than Entra may put any tenant into its ID tokens.
  return hasTenants(entity) ? realmsOfTenant(tenantId, entity.home_account_id) : [entity.realm.toLowerCase()];
}

/** Returns one {@link AccountInfo} for each tenant the user is known in. */
export function accountProfiles(
  account: Entry<"Account">,
  idTokenOf: (tenantId: string) => Entry<"IdToken"> | undefined,
): AccountInfo[] {
  const base = baseAccount(account);
  const infos: AccountInfo[] = [];
  for (const profile of base.tenantProfiles?.values() ?? []) {
    const idToken = idTokenOf(profile.tenantId);
    const { nativeAccountId } = profile;
    // The token's claims are newer than the profile.
    const info = idToken ? accountInfo(account, idToken) : infoOfProfile(base, profile);
    infos.push(nativeAccountId === undefined ? info : { ...info, nativeAccountId });
  }
  return infos.length > 0 ? infos : [accountInfo(account, idTokenOf(account.entity.realm))];
}

function infoOfProfile(base: AccountInfo, profile: TenantProfile): AccountInfo {
  const { isHomeTenant: _, nativeAccountId: __, ...fields } = profile;
  // A synthesized profile has no name of its own.
  return { ...base, ...fields, username: fields.username || base.username };
}

/** Returns the user's profile in the tenant of an ID token. */
export function profileFromClaims(
  homeAccountId: string,
  claims: IdTokenClaims,
  generic: boolean,
): TenantProfile {
  const tenantId = tenantOf(claims, generic);
  return {
    tenantId,
    localAccountId: claims.oid || claims.sub || "",
    name: claims.name,
    username: claims.preferred_username || claims.upn || "",
    loginHint: claims.login_hint,
    isHomeTenant: isHomeTenant(tenantId, homeAccountId),
    upn: claims.upn,
  };
}

/**
 * Returns the tenant that a realm stands for. MSAL for Python and MSAL for Go cache tokens acquired through `common`
 * and similar authorities under that name; they belong to the user's home tenant.
 */
export function tenantOfRealm(realm: string, homeAccountId: string): string {
  return MULTI_TENANT_SEGMENTS.has(realm) ? (homeAccountId.split(".")[1] ?? realm) : realm;
}

/** Whether a tenant is the user's home tenant. */
export function isHomeTenant(tenantId: string, homeAccountId: string): boolean {
  // The id is `uid.utid`. Compared in place, without allocating a string, because every call does this.
  const dot = homeAccountId.length - tenantId.length - 1;
  return tenantId !== "" && homeAccountId.indexOf(".") === dot && homeAccountId.endsWith(tenantId);
}

/** Only Entra has tenants. */
function hasTenants({ authority_type: type }: AccountEntity): boolean {
  return type !== GENERIC && type !== ADFS;
}

/** Copying an array is cheaper than iterating over a set. */
const SHARED_REALMS = [...MULTI_TENANT_SEGMENTS];

/** Returns the realms, in lower case, under which a user's tokens of a tenant may be cached. */
function realmsOfTenant(tenantId: string, homeAccountId: string): readonly string[] {
  const tenant = tenantId.toLowerCase();
  return isHomeTenant(tenantId, homeAccountId) ? [tenant, ...SHARED_REALMS] : [tenant];
}

/** Returns the tenant profiles of an account entity. */
export function profilesOf(entity: AccountEntity): TenantProfile[] {
  const profiles: TenantProfile[] = [];
  const texts: readonly unknown[] = Array.isArray(entity.tenantProfiles) ? entity.tenantProfiles : [];
  for (const text of texts) {
    const profile = typeof text === "string" ? parseJsonObject(text) : undefined;
    if (profile && isProfile(profile)) profiles.push(profile);
  }
  if (profiles.length > 0 || !entity.realm || !entity.local_account_id) return profiles;
  const tenantId = tenantOfRealm(entity.realm, entity.home_account_id);
  return [
    {
      tenantId,
      localAccountId: entity.local_account_id,
      username: entity.username ?? "",
      isHomeTenant: isHomeTenant(tenantId, entity.home_account_id),
    },
  ];
}

function baseAccount(entry: Entry<"Account">): AccountInfo {
  if (entry.facts) return entry.facts as AccountInfo;
  const { entity } = entry;
  const tenantProfiles = new Map<string, TenantProfile>();
  for (const profile of profilesOf(entity)) tenantProfiles.set(profile.tenantId, profile);
  const tenantId = tenantOfRealm(entity.realm, entity.home_account_id);
  const home = tenantProfiles.get(tenantId);
  const base: AccountInfo = {
    homeAccountId: entity.home_account_id,
    environment: entity.environment,
    tenantId,
    username: entity.username ?? "",
    localAccountId: entity.local_account_id,
    loginHint: home?.loginHint,
    name: entity.name,
    nativeAccountId: home?.nativeAccountId,
    authorityType: entity.authority_type,
    tenantProfiles,
    dataBoundary: dataBoundaryOf(entity),
  };
  entry.facts = base;
  return base;
}

const REGION = "xms_tdbr";

/** What the name looks like in base64, after a multiple of three bytes, after one more, and after two more. */
const ENCODED_REGION = ["eG1zX3RkYn", "htc190ZGJy", "4bXNfdGRic"];

/** Returns the home tenant's data boundary from `client_info`. */
function dataBoundaryOf({ client_info: clientInfo }: AccountEntity): DataBoundary | undefined {
  if (!clientInfo) return undefined;
  // Most have none, and decoding them takes a tenth of the time of a list.
  if (!ENCODED_REGION.some((part) => clientInfo.includes(part))) return undefined;
  const region = parseJsonObject(base64Decode(clientInfo))?.[REGION];
  if (typeof region !== "string" || region === "") return undefined;
  return region === "EU" ? "EU" : "None";
}

function isProfile(
  profile: Readonly<Record<string, unknown>>,
): profile is Record<string, unknown> & TenantProfile {
  // One by one: looking up a name that varies takes longer, and a list of users does this for each.
  const { tenantId, localAccountId, name, username, loginHint, upn, nativeAccountId } = profile;
  return (
    typeof tenantId === "string" &&
    typeof localAccountId === "string" &&
    isOptionalText(name) &&
    isOptionalText(username) &&
    isOptionalText(loginHint) &&
    isOptionalText(upn) &&
    isOptionalText(nativeAccountId)
  );
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
