import { EXCHANGE } from "../cache/memory/partition-key.js";
import type { Client } from "../client/client.js";
import { sha256Base64Url } from "../encoding.js";
import { isAuthError } from "../errors/errors.js";
import {
  assertionGrant,
  assertionQuery,
  redeemKeptToken,
  renewalGrant,
  type WantedForAssertion,
} from "../exchange/assertion-tokens.js";
import { cacheFirst } from "../exchange/cache-first.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import { requestInTurn } from "../exchange/in-turn.js";
import { redeem } from "../exchange/redeem.js";
import type { Budget } from "../http/budget.js";
import type { Miss } from "../request/miss.js";
import { Parameters } from "../request/parameters.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";

/** `requested_token_type` of an identity assertion authorization grant. */
export const ID_JAG = "urn:ietf:params:oauth:token-type:id-jag";

/** Request for a token at another company's server. */
export interface AcrossAppsInput extends Pick<
  BaseRequest,
  "scopes" | "correlationId" | "signal" | "timeoutMs" | "refusedToken"
> {
  /** Request a new token even if one is cached. */
  readonly skipCache?: boolean;
}

/** A user whom the company's provider vouches for. */
export interface VouchedUser {
  /** Names user, provider and resource; tokens are kept by its hash. */
  readonly subject: readonly string[];
  /** What is left to the call of which the token is a step. */
  readonly budget?: Budget | undefined;
  /**
   * Returns an identity assertion authorization grant for the client's server.
   *
   * @param isNew `true` if the last one was refused
   */
  readonly assertion: (exchange: Exchange, isNew: boolean) => Promise<string>;
}

/**
 * Returns a token of another company's server for a user whom the company's own provider vouches for, from the cache or with
 * one request for all concurrent callers. A refused assertion is requested anew once: it may have been good for one use.
 *
 * @param client the application's client at the other server
 * @throws ServerError for an error response of either server
 * @see draft-ietf-oauth-identity-assertion-authz-grant, RFC 7523 §2.1
 */
export async function acrossApps(
  client: Client,
  input: AcrossAppsInput,
  user: VouchedUser,
): Promise<AuthenticationResult> {
  const request = { ...tokenRequest(client, input), budget: user.budget };
  const url = client.authorities.url(request.authorityUrl);
  const hash = EXCHANGE + sha256Base64Url(JSON.stringify(["across apps", ...user.subject]));
  const wanted: WantedAcrossApps = {
    request,
    url,
    flow: ["across_apps", hash],
    query: assertionQuery(client, { request, url, hash }),
    renewsEarly: false,
    hash,
    user,
  };
  return request.given.skipCache ? acquire(client, wanted, "forced") : cacheFirst(client, wanted, acquire);
}

interface WantedAcrossApps extends WantedForAssertion {
  readonly request: TokenRequest<AcrossAppsInput>;
  readonly user: VouchedUser;
}

function acquire(client: Client, wanted: WantedAcrossApps, miss: Miss): Promise<AuthenticationResult> {
  const { request, user } = wanted;
  return sharedExchange(client, request, wanted, async (exchange) => {
    const renewed =
      miss === "expired"
        ? await redeemKeptToken(exchange, wanted, {
            miss,
            canStartAgain: true,
            grant: renewalGrant(wanted, miss),
          })
        : undefined;
    if (renewed) return renewed;
    return requestInTurn(exchange, wanted, miss, async (inTurn) => {
      const send = async (isNew: boolean): Promise<AuthenticationResult> => {
        const assertion = await user.assertion(inTurn, isNew);
        const sent = new Parameters()
          .set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
          .set("assertion", assertion);
        // A refused assertion must not keep a new one from being sent.
        return redeem(inTurn, assertionGrant(wanted, miss, sent, sha256Base64Url(assertion)));
      };
      try {
        return await send(false);
      } catch (error) {
        if (!isAuthError(error) || error.errorCode !== "invalid_grant") throw error;
        return send(true);
      }
    });
  });
}
