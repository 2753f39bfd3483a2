import type { Region } from "../authority/region.js";
import type { TokenOwner } from "../cache/record.js";
import type { AuthenticationAsk } from "../credential/client-credential.js";
import type { Parameters } from "../request/parameters.js";
import type { IdTokenExpectations } from "../response/verify-id-token.js";
import type { ApiId, CacheOutcome } from "../dialect/entra-telemetry.js";

/** What one grant adds to the common token request, and how its answer is kept. One file in `flows/` makes one of these. */
export interface Grant {
  readonly apiId: ApiId;
  readonly cacheOutcome: CacheOutcome;
  /** Scopes to send. */
  readonly scopes: readonly string[];
  /** The grant's own parameters, in the order they are sent. */
  readonly parameters: Parameters;
  readonly owner: TokenOwner;
  /** The nonce the ID token must carry; `"unchecked"` where no authorization request was made. */
  readonly nonce: IdTokenExpectations["nonce"];
  /** Seconds since the user last proved who they are, at most. */
  readonly maxAge?: number | undefined;
  /** The subject the ID token must have. */
  readonly subject?: string | undefined;
  /** Equal for requests a server may want to be spared together: grant, user and scopes. */
  readonly throttleKey: string;
  /** The region the request goes to. */
  readonly region?: Region | undefined;
  /** What this request proves the client with, if not with its own credential. */
  readonly authentication?: AuthenticationAsk;
  /** Extra headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Write to the cache only if the user is still in it: a refresh must not bring back who signed out meanwhile. */
  readonly onlyIfKnown?: boolean;
}
