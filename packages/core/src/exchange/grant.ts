import type { Region } from "../authority/region.js";
import type { TokenOwner } from "../cache/record.js";
import type { AssertionOverride } from "../credential/client-credential.js";
import type { BindingKey } from "../dpop/binding-key.js";
import type { ApiId } from "../dialect/entra-telemetry.js";
import type { Miss } from "../request/miss.js";
import type { Parameters } from "../request/parameters.js";
import type { IdTokenExpectations } from "../response/verify-id-token.js";

/**
 * What a grant adds to the common token request, and how its tokens are cached. Each file in `flows/` builds one.
 */
export interface Grant {
  /** The method's number in Entra's telemetry; a grant that MSAL does not have is not reported. */
  readonly apiId?: ApiId;
  /** Why the request is sent; `"uncached"` by default. */
  readonly miss?: Miss;
  /** Scopes to send. */
  readonly scopes: readonly string[];
  /** The grant's own parameters, in the order they are sent. */
  readonly parameters: Parameters;
  readonly owner: TokenOwner;
  /** The nonce that the ID token must contain; `"unchecked"` when there was no authorization request. */
  readonly nonce: IdTokenExpectations["nonce"];
  /** Maximum seconds since the user last authenticated. */
  readonly maxAge?: number | undefined;
  /** The subject the ID token must have. */
  readonly subject?: string | undefined;
  /** `"always"` for an ID token that did not come over TLS from the provider. */
  readonly signature?: IdTokenExpectations["signature"];
  /** Values, besides the access token, whose hashes in the ID token are checked. */
  readonly hashed?: IdTokenExpectations["hashed"];
  /** Equal for requests that are held back together when the server throttles: same grant, user and scopes. */
  readonly throttleKey: string;
  /** A poll, which is repeated at its own pace: only `Retry-After` pauses it. */
  readonly isPoll?: boolean;
  /** A token exchange, which may issue other tokens than access tokens, and the type that is asked for, if any. */
  readonly exchange?: { readonly requestedType: string | undefined };
  /** The grant itself holds authorization details (RFC 9396 §6): those of the request are not sent again. */
  readonly hasDetails?: boolean;
  /** The key that the grant is bound to; a token that is to be bound gets a new one by default. */
  readonly key?: BindingKey | undefined;
  /** The region the request goes to. */
  readonly region?: Region | undefined;
  /** Authenticates the client in place of its own credential. */
  readonly authentication?: AssertionOverride;
  /** Extra headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Write to the cache only if the user is still in it: a refresh must not restore a user who has signed out. */
  readonly onlyIfKnown?: boolean;
}
