import type { AllIdTokenClaims } from "./response/id-token.js";

/** A signed-in user, as apps see one. */
export interface AccountInfo {
  /** Stable id of the user everywhere: `{uid}.{utid}` for Entra, the `sub` otherwise. */
  homeAccountId: string;
  /** Host the tokens are kept under. */
  environment: string;
  /** Tenant of this profile, or `""`. */
  tenantId: string;
  /** Name the user signs in with. */
  username: string;
  /** Id of the user in this tenant. */
  localAccountId: string;
  loginHint?: string;
  /** Display name. */
  name?: string;
  upn?: string;
  /** Raw ID token. */
  idToken?: string;
  /** Claims of the ID token. Shared between results: read, do not change. */
  idTokenClaims?: AllIdTokenClaims;
  nativeAccountId?: string;
  /** `MSSTS`, `ADFS` or `Generic`. */
  authorityType?: string;
  /** Profiles of the user in all known tenants, by tenant id. Shared between results: read, do not change. */
  tenantProfiles?: Map<string, TenantProfile>;
  dataBoundary?: DataBoundary;
  /** The user chose to stay signed in. */
  kmsi?: boolean;
}

/** A user in one tenant. */
export type TenantProfile = Pick<
  AccountInfo,
  "tenantId" | "localAccountId" | "name" | "username" | "loginHint" | "upn" | "nativeAccountId"
> & {
  isHomeTenant?: boolean;
};

/** Where a tenant keeps its data. */
export type DataBoundary = "EU" | "None";
