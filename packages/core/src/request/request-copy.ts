import { withoutNull } from "../encoding.js";
import { areDetails, type AuthorizationDetail } from "./authorization-details.js";
import { isRecord } from "./field-types.js";
import type { GivenRequest } from "./request-keys.js";

/** The fields of a request whose members are copied. */
interface Copied {
  authorizationDetails?: readonly AuthorizationDetail[];
  extraParameters?: Record<string, string>;
  extraQueryParameters?: Record<string, string>;
  resource?: string | string[];
}

/** What an application sets for all its requests. */
export interface RequestDefaults {
  readonly defaultAuthority: string;
  readonly extraParameters: Readonly<Record<string, string>> | undefined;
  /** Whether the provider of an authority may bind tokens to a key. */
  readonly bindsTokens: (authority: string) => boolean;
}

/**
 * Copies the request, so that a change by the caller during the call cannot make the cached entry differ from what
 * was sent. No field is added to the copy: V8 clones an object almost for free, but adding a field to the clone costs
 * a microsecond.
 */
export function copied<R extends Copied>(
  input: R,
  own: RequestDefaults["extraParameters"],
): Readonly<R> & GivenRequest {
  const copy: Copied = { ...withoutNull(input) };
  const { authorizationDetails, extraParameters, extraQueryParameters, resource } = copy;
  if (areDetails(authorizationDetails))
    copy.authorizationDetails = authorizationDetails.map((one) => ({ ...one }));
  if (Array.isArray(resource)) copy.resource = [...resource];
  // A value that is not an object is refused by name later; copying a string here would split it into letters.
  if (extraParameters !== undefined && isRecord(extraParameters))
    copy.extraParameters = { ...own, ...extraParameters };
  else if (extraParameters === undefined && own !== undefined) copy.extraParameters = own;
  if (extraQueryParameters !== undefined && isRecord(extraQueryParameters))
    copy.extraQueryParameters = { ...extraQueryParameters };
  return copy as Readonly<R> & GivenRequest;
}
