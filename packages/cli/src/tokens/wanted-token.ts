import type { Given } from "../options.js";

/** The token that is wanted. */
export interface WantedToken {
  readonly scopes: readonly string[];
  /** Identifier of the API (RFC 8707), for providers other than Microsoft's. */
  readonly resource?: string;
  /** User name or home account ID. */
  readonly account?: string;
  /** The authority, if it is not the profile's: that of another tenant. */
  readonly authority?: string;
  /** A token that the API has refused. */
  readonly refusedToken?: string;
  readonly claims?: string;
  /** Renew it, even if there is one in the cache. */
  readonly forceRefresh?: boolean;
}

/** Returns what the options of a command say about the token. */
export function wantedToken(given: Given): WantedToken {
  const resource = given.text("resource");
  const account = given.text("account");
  return {
    scopes: given.texts("scope").flatMap((scopes) => scopes.split(/ +/).filter(Boolean)),
    ...(resource === undefined ? {} : { resource }),
    ...(account === undefined ? {} : { account }),
  };
}

/** Whether it says which API the token is for. */
export function namesApi({ scopes, resource }: WantedToken): boolean {
  return scopes.length > 0 || resource !== undefined;
}
