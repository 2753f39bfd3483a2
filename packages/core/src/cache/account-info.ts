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
import type { Entry } from "./memory/partition.js";
import { ADFS, GENERIC, type AccountEntity } from "./schema/schema.js";

/** The claims of a cached ID token, decoded on first use; `{}` for one that cannot be read. */
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
 * What an app sees of a user in the tenant of an ID token; in the home tenant when there is none.
 * A fresh object each time; every one has its members in the same order, which keeps copying it cheap.
 */
export function accountInfo(account: Entry<"Account">, idToken: Entry<"IdToken"> | undefined): AccountInfo {
  const base = baseAccount(account);
  if (!idToken) return { ...base };
  const { entity } = account;
  const claims = claimsOf(idToken);
  const profile = profileFromClaims(entity.home_account_id, claims, !hasTenants(entity));
  // What the token does not say, the cache may know: a user of B2C is named by `emails` alone.
  const stored = base.tenantProfiles?.get(profile.tenantId);
  // Member by member: to spread two objects of different shapes takes ten times as long.
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

/** Whether an account that is looked for without its issuer is of one of these realms: users of OpenID Providers may be. */
export function isOfRealm({ entity }: Entry<"Account">, realms: readonly string[]): boolean {
  return entity.authority_type !== GENERIC || !entity.realm || realms.includes(entity.realm.toLowerCase());
}

/** The realms, in lower case, that the ID token of a user's profile may be kept under. */
export function idTokenRealms(entity: AccountEntity, tenantId: string): readonly string[] {
  // Outside Entra a provider may write any tenant into its ID tokens.
  return hasTenants(entity) ? realmsOfTenant(tenantId, entity.home_account_id) : [entity.realm.toLowerCase()];
}

/** One {@link AccountInfo} for each tenant the user is known in. */
export function accountProfiles(
  account: Entry<"Account">,
  idTokenOf: (tenantId: string) => Entry<"IdToken"> | undefined,
): AccountInfo[] {
  const profiles = [...(baseAccount(account).tenantProfiles?.values() ?? [])];
  if (profiles.length === 0) return [accountInfo(account, idTokenOf(account.entity.realm))];
  return profiles.map((profile) => {
    const idToken = idTokenOf(profile.tenantId);
    const { isHomeTenant: _, nativeAccountId, ...said } = profile;
    // What the token says of the user is newer than the profile.
    const base = baseAccount(account);
    // A profile that was made up for lack of one has no name of its own.
    const info = idToken
      ? accountInfo(account, idToken)
      : { ...base, ...said, username: said.username || base.username };
    return nativeAccountId === undefined ? info : { ...info, nativeAccountId };
  });
}

/** The user's profile in the tenant of an ID token. */
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
 * The tenant a realm means. MSAL for Python and for Go keep what came through `common` and its like under that name: it
 * belongs to the user's home tenant.
 */
export function tenantOfRealm(realm: string, homeAccountId: string): string {
  return MULTI_TENANT_SEGMENTS.has(realm) ? (homeAccountId.split(".")[1] ?? realm) : realm;
}

/** Whether a tenant is the one a user's account is from. */
export function isHomeTenant(tenantId: string, homeAccountId: string): boolean {
  // `uid.utid`, asked with every call: no text is made to compare.
  const dot = homeAccountId.length - tenantId.length - 1;
  return tenantId !== "" && homeAccountId.indexOf(".") === dot && homeAccountId.endsWith(tenantId);
}

/** Only Entra's users are known in tenants. */
function hasTenants({ authority_type: type }: AccountEntity): boolean {
  return type !== GENERIC && type !== ADFS;
}

/** The realms, in lower case, that a user's tokens of a tenant may be kept under. */
function realmsOfTenant(tenantId: string, homeAccountId: string): readonly string[] {
  const tenant = tenantId.toLowerCase();
  return isHomeTenant(tenantId, homeAccountId) ? [tenant, ...MULTI_TENANT_SEGMENTS] : [tenant];
}

/** The tenant profiles an account entity lists. */
export function profilesOf(entity: AccountEntity): TenantProfile[] {
  const texts: readonly unknown[] = Array.isArray(entity.tenantProfiles) ? entity.tenantProfiles : [];
  const profiles = texts
    .map((text) => (typeof text === "string" ? parseJsonObject(text) : undefined))
    .filter(
      (profile): profile is Record<string, unknown> & TenantProfile =>
        profile !== undefined && isProfile(profile),
    );
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
  const profiles = profilesOf(entity);
  const tenantId = tenantOfRealm(entity.realm, entity.home_account_id);
  const home = profiles.find((profile) => profile.tenantId === tenantId);
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
    tenantProfiles: new Map(profiles.map((profile) => [profile.tenantId, profile])),
    dataBoundary: dataBoundaryOf(entity),
  };
  entry.facts = base;
  return base;
}

/** Where the home tenant keeps its data, as `client_info` says. */
function dataBoundaryOf({ client_info: clientInfo }: AccountEntity): DataBoundary | undefined {
  const region = clientInfo ? parseJsonObject(base64Decode(clientInfo))?.["xms_tdbr"] : undefined;
  if (typeof region !== "string" || region === "") return undefined;
  return region === "EU" ? "EU" : "None";
}

function isProfile(profile: Readonly<Record<string, unknown>>): boolean {
  const optional = ["name", "username", "loginHint", "upn", "nativeAccountId"];
  return (
    ["tenantId", "localAccountId"].every((field) => typeof profile[field] === "string") &&
    optional.every((field) => profile[field] === undefined || typeof profile[field] === "string")
  );
}
