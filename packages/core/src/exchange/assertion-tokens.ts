import { findRefreshToken, type AccessTokenQuery } from "../cache/memory/find.js";
import { assertionPartition } from "../cache/memory/partition-key.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { isAuthError } from "../errors/errors.js";
import type { Miss } from "../request/miss.js";
import { Parameters } from "../request/parameters.js";
import { isolated } from "../request/request-keys.js";
import type { AuthenticationResult } from "../result.js";
import type { Wanted } from "./cache-first.js";
import type { Exchange } from "./exchange.js";
import type { Grant } from "./grant.js";
import { refreshInTurn } from "./in-turn.js";
import { redeem } from "./redeem.js";

/** Tokens that are cached by the hash of the assertion or token that they were exchanged for. */
export interface WantedForAssertion extends Wanted {
  readonly hash: string;
}

/** Returns the query for the tokens of an assertion. */
export function assertionQuery(
  client: Client,
  { request, url, hash }: Pick<WantedForAssertion, "request" | "url" | "hash">,
): AccessTokenQuery {
  return {
    partition: assertionPartition(hash),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    kind: url.kind,
    issuer: dialectOf(url).hasIssuers ? (url.issuer ?? url.href) : undefined,
    realms: [url.realm.toLowerCase()],
    scopes: request.scopes,
    scheme: request.scheme,
    resource: request.resource,
    components: isolated(request),
  };
}

/**
 * Returns the grant for tokens that are kept under the hash of an assertion.
 *
 * @param throttledBy identifies the request: after a failure, equal ones pause
 */
export function assertionGrant(
  { request, hash, url }: Pick<WantedForAssertion, "request" | "hash" | "url">,
  miss: Miss,
  sent: Parameters,
  throttledBy = hash,
): Grant {
  const scope = request.scopes.join(" ");
  return {
    miss,
    scopes: request.scopes,
    parameters: sent.set("scope", scope),
    owner: { kind: "assertion", hash },
    nonce: "unchecked",
    throttleKey: [sent.get("grant_type"), url.href, throttledBy, scope].join(" "),
  };
}

/** Returns the grant of a refresh token that is kept under the hash of an assertion. */
export function renewalGrant(
  wanted: Pick<WantedForAssertion, "request" | "hash" | "url">,
  miss: Miss,
): (refreshToken: string) => Grant {
  return (refreshToken) => {
    const sent = new Parameters().set("grant_type", "refresh_token").set("refresh_token", refreshToken);
    return assertionGrant(wanted, miss, sent);
  };
}

/** How the refresh token of an assertion is redeemed. */
export interface Renewal {
  readonly miss: Miss;
  /** Whether the assertion can be exchanged again if the refresh token is refused. */
  readonly canStartAgain: boolean;
  readonly grant: (refreshToken: string) => Grant;
}

/**
 * Redeems the refresh token that is cached with an expired access token. Returns `undefined` if there is none, or if it
 * is refused and the assertion may still be accepted.
 */
export function redeemKeptToken(
  exchange: Exchange,
  wanted: WantedForAssertion,
  { miss, canStartAgain, grant }: Renewal,
): Promise<AuthenticationResult | undefined> {
  const { client } = exchange;
  const { query } = wanted;
  return refreshInTurn(exchange, wanted, miss, async (inTurn) => {
    const token = await client.cache.read(query.partition, (memory) =>
      findRefreshToken(memory, query, false),
    );
    if (!token) return undefined;
    try {
      return await redeem(inTurn, grant(token.entity.secret));
    } catch (error) {
      if (isAuthError(error) && error.errorCode === "invalid_grant" && canStartAgain) return undefined;
      throw error;
    }
  });
}
