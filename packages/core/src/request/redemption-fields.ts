import type { BaseRequest } from "./token-request.js";
import type { GivenRequest } from "./request-keys.js";

/**
 * Request fields that a sign-in keeps until it redeems the code, in addition to scopes, authority, claims and
 * resource.
 */
const FIELDS = [
  "attributeTokens",
  "authorizationDetails",
  "claimsFromClient",
  "excludeScopes",
  "extraParameters",
  "extraQueryParameters",
  "storeInCache",
] as const;

/** The request fields that determine what the tokens are for, and which tokens to cache. */
export type RedemptionFields = Pick<BaseRequest, (typeof FIELDS)[number]>;

/** @param from the caller's request, or the fields that a sign-in kept from it */
export function redemptionFields(from: GivenRequest | RedemptionFields | undefined): RedemptionFields {
  const given: GivenRequest = { ...from };
  return Object.fromEntries(FIELDS.flatMap((field) => (given[field] == null ? [] : [[field, given[field]]])));
}
