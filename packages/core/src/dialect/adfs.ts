import type { Dialect } from "./dialect.js";
import { entra, rsaHeader } from "./entra.js";

/** Active Directory Federation Services: Entra's protocol without its tenants. */
export const adfs: Dialect = {
  ...entra,
  accountType: "ADFS",
  hasTenants: false,
  hasClouds: false,
  federatesPasswords: () => false,
  isMultiTenant: () => false,
  // AD FS knows RS256 only, and finds the certificate by its SHA-1 thumbprint where it can.
  assertionHeader: (key) => rsaHeader(key, "RS256", true),
};
