import type { AllIdTokenClaims } from "./response/id-token.js";

/** A signed-in user. */
export interface AccountInfo {
  /** Stable id of the user across tenants: `{uid}.{utid}` for Entra, otherwise the `sub`. */
  homeAccountId: string;
  /** Host under which the tokens are cached. */
  environment: string;
  /** Tenant of this profile, or `""`. */
  tenantId: string;
  /** The user's sign-in name. */
  username: string;
  /** The user's id in this tenant. */
  localAccountId: string;
  loginHint?: string;
  /** Display name. */
  name?: string;
  upn?: string;
  /** Raw ID token. */
  idToken?: string;
  /** Claims of the ID token. Shared between results: do not modify. */
  idTokenClaims?: AllIdTokenClaims;
  nativeAccountId?: string;
  /** `MSSTS`, `ADFS` or `Generic`. */
  authorityType?: string;
  /** The user's profiles in all known tenants, by tenant id. Shared between results: do not modify. */
  tenantProfiles?: Map<string, TenantProfile>;
  dataBoundary?: DataBoundary;
  /** Whether the user chose to stay signed in. */
  kmsi?: boolean;
}

/** A user's profile in one tenant. */
export type TenantProfile = Pick<
  AccountInfo,
  "tenantId" | "localAccountId" | "name" | "username" | "loginHint" | "upn" | "nativeAccountId"
> & {
  isHomeTenant?: boolean;
};

/** Data boundary of a tenant. */
export type DataBoundary = "EU" | "None";
