import type { Dialect } from "./dialect.js";
import { entra, rsaHeader } from "./entra.js";

/** Active Directory Federation Services: Entra's protocol without tenants. */
export const adfs: Dialect = {
  ...entra,
  accountType: "ADFS",
  hasTenants: false,
  hasClouds: false,
  federatesUsers: () => false,
  isMultiTenant: () => false,
  sendsIdTokenAlone: () => false,
  // AD FS supports only RS256, and prefers to identify the certificate by its SHA-1 thumbprint.
  assertionHeader: (key) => rsaHeader(key, "RS256", true),
};
