import type { AccountInfo } from "@tessera/core";

/** The user that the company's provider vouches for: exactly one of the two. */
export interface IdentityOfUser {
  /** A user of the application; the ID token is renewed when it has expired. */
  account?: AccountInfo | undefined;
  /** An ID token of the provider for the application. Validate it first, if it came from outside. */
  idToken?: string | undefined;
}
