import type { Client } from "../client/client.js";

/** Why a user whose account is known has to sign in: the cache holds nothing for this client. */
export function noToken({ isPublic }: Client): string {
  const orWork = isPublic
    ? ""
    : ", or go on with the sessionKey of work that was begun on behalf of the user";
  return `There is no token in the cache for this account and client: let the user sign in${orWork}.`;
}
export const REFUSED =
  "The provider refuses the refresh token in the cache, which was issued to another client: let the user sign in.";
export const NOT_RENEWABLE =
  'The access token in the cache has expired or is for other scopes, and there is no refresh token to get a new one: let the user sign in. Some providers give a refresh token only with prompt: "consent".';
