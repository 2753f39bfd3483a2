import type { BaseRequest } from "./token-request.js";
import type { GivenRequest } from "./request-keys.js";

/** What a sign-in keeps of its request until the code is redeemed, beside scopes, authority, claims and resource. */
const FIELDS = [
  "attributeTokens",
  "claimsFromClient",
  "extraParameters",
  "extraQueryParameters",
  "storeInCache",
] as const;

/** The fields of a request that tell what its tokens are for, and which of them to keep. */
export type RedemptionFields = Pick<BaseRequest, (typeof FIELDS)[number]>;

/** @param from the request as it was given, or what a sign-in has kept of it */
export function redemptionFields(from: GivenRequest | RedemptionFields | undefined): RedemptionFields {
  const given: GivenRequest = { ...from };
  return Object.fromEntries(FIELDS.flatMap((field) => (given[field] == null ? [] : [[field, given[field]]])));
}
