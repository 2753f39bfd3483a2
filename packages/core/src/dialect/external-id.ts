import type { Dialect } from "./dialect.js";
import { entra } from "./entra.js";

/** Entra External ID: Entra's protocol with one tenant per host and without federated passwords. */
export const externalId: Dialect = {
  ...entra,
  hasClouds: false,
  federatesUsers: () => false,
  isMultiTenant: () => false,
  sendsIdTokenAlone: () => false,
};
