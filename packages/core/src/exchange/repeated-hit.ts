import type { AccountInfo } from "../account.js";
import type { PartitionKey } from "../cache/memory/partition-key.js";
import { asQuestion, type Question } from "../cache/memory/question.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import type { Client } from "../client/client.js";
import { epochSeconds } from "../clock.js";
import { newCorrelationId } from "../correlation-id.js";
import { printable } from "../printable.js";
import type { BaseRequest } from "../request/token-request.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import { HIT } from "./cache-first.js";
import { freshness } from "./freshness.js";

type Request = BaseRequest & { readonly account?: AccountInfo };

/**
 * Returns the token that an equal question found before in a partition, if it is fresh and memory is known to be current. Most
 * calls of a program repeat an earlier one, and this takes a third of the time of checking and looking up the request.
 *
 * @param request passed by the caller, for which {@link isQuestion} is true
 */
export function repeatedHit(
  client: Client,
  key: PartitionKey,
  request: Request,
): AuthenticationResult | undefined {
  // An observed call takes the path on which it is reported.
  if (client.observer()) return undefined;
  const partition = client.cache.readNow(itself, key)?.partitions.get(key);
  const known = partition?.memo.answer(client, client.authorities.revision, request);
  if (!known) return undefined;
  const { tokens, authority } = known;
  if (freshness(tokens.accessToken, epochSeconds(client.clock), client.renewalMargin) !== "fresh")
    return undefined;
  const correlationId = request.correlationId ? printable(request.correlationId) : newCorrelationId();
  client.telemetry.countHit();
  client.cache.countLookup(true);
  client.logger().verbose(HIT, correlationId);
  return authenticationResult(tokens, { authority, correlationId, fromCache: true });
}

const itself = (memory: TokenMemory): TokenMemory => memory;

/** Returns the question of a request, if the request is nothing more; see {@link isQuestion}. */
export function questionIn(client: Client, request: Request): Question | undefined {
  return isQuestion(request) ? asQuestion(client, client.authorities.revision, request) : undefined;
}

/**
 * Whether a request has only fields that a {@link Question} compares, apart from those that do not affect a cache hit. Other
 * fields have to be checked first.
 */
export function isQuestion(request: Request): boolean {
  for (const field in request) {
    if (field === "scopes" || field === "account" || field === "authority" || field === "oboAssertion")
      continue;
    const value: unknown = request[field as keyof Request];
    const isText = field === "correlationId" && typeof value === "string";
    const isOff = value === false && (field === "forceRefresh" || field === "skipCache");
    if (value !== undefined && value !== null && !isText && !isOff) return false;
  }
  return Array.isArray(request.scopes);
}
