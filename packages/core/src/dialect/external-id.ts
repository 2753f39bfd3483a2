import type { Dialect } from "./dialect.js";
import { entra } from "./entra.js";

/** Entra External ID: Entra's protocol, one tenant a host, its users' passwords its own. */
export const externalId: Dialect = {
  ...entra,
  hasClouds: false,
  federatesPasswords: () => false,
  isMultiTenant: () => false,
};
