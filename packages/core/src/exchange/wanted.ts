import type { AuthorityUrl } from "../authority/authority-url.js";
import type { AccessTokenQuery } from "../cache/memory/find.js";
import type { Question } from "../cache/memory/question.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import type { Client } from "../client/client.js";
import type { Miss } from "../request/miss.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";

/** The tokens a flow looks for in the cache before it sends a request. */
export interface Wanted<R extends TokenRequest = TokenRequest> {
  readonly request: R;
  readonly url: AuthorityUrl;
  /** Values, besides the fields of the request, that must be equal in equal calls; see {@link sharedExchange}. */
  readonly flow: readonly unknown[];
  /** The tokens that satisfy the request. */
  readonly query: AccessTokenQuery;
  /** Whether the tokens of the partition may be used for the request, if that depends on what is cached. */
  isServed?(client: Client, memory: TokenMemory, wanted: Wanted<R>): boolean;
  /** Whether a token that is due for renewal is returned and renewed in the background. */
  readonly renewsEarly: boolean;
  /** What the caller asked, if an equal question has the same answer; see `repeated-hit.ts`. */
  readonly question?: Question | undefined;
  /** Whether there is anything to renew it with, if that depends on what is cached. */
  isRenewable?(memory: TokenMemory, wanted: Wanted<R>): boolean;
}

/** Requests the tokens that the cache does not have. */
export type Send<W extends Wanted> = (client: Client, wanted: W, miss: Miss) => Promise<AuthenticationResult>;
