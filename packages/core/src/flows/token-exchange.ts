import { EXCHANGE } from "../cache/memory/partition-key.js";
import type { Client } from "../client/client.js";
import { sha256Base64Url } from "../encoding.js";
import { clientConfigurationError } from "../errors/errors.js";
import {
  assertionGrant,
  assertionQuery,
  redeemKeptToken,
  renewalGrant,
  type WantedForAssertion,
} from "../exchange/assertion-tokens.js";
import { cacheFirst } from "../exchange/cache-first.js";
import { sharedExchange } from "../exchange/exchange.js";
import { requestInTurn } from "../exchange/in-turn.js";
import { redeem } from "../exchange/redeem.js";
import type { Miss } from "../request/miss.js";
import { Parameters } from "../request/parameters.js";
import { requiredText, tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import { isAccessTokenType, tokenTypeUri } from "../request/token-type.js";
import type { AuthenticationResult } from "../result.js";

/** Request to exchange a token for another one. */
export interface TokenExchangeInput extends BaseRequest {
  /** The token that names the party the new token is for. Validate it first, if it came from outside. */
  readonly subjectToken: string;
  /**
   * What the subject token is: `access_token`, `refresh_token`, `id_token`, `jwt`, `saml1`, `saml2`, or the URI of
   * another type.
   */
  readonly subjectTokenType: string;
  /** Scopes to request. None are added. */
  readonly scopes?: readonly string[];
  /** Name of the service the token is for, or several. */
  readonly audience?: string | string[];
  /** A token of the party that acts for the subject (delegation). */
  readonly actorToken?: string;
  /** What the actor token is, in the same form as `subjectTokenType`. */
  readonly actorTokenType?: string;
  /** What to issue, in the same form as `subjectTokenType`; by default the provider decides. */
  readonly requestedTokenType?: string;
  /** `grant_type` of a provider with an exchange of its own; the standard's by default. */
  readonly grantType?: string;
  /** Request a new token even if one is cached. */
  readonly skipCache?: boolean;
}

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange";

/**
 * Exchanges a token for another one (RFC 8693), from the cache or with one request for all concurrent callers. The cache
 * key includes the hash of everything that is exchanged, so only a caller with the same tokens gets the result.
 *
 * @throws ClientConfigurationError `token_request_empty`, `invalid_option`; ClientAuthError `invalid_token_response` for
 * a token of another type; ServerError for an error response, such as `invalid_target`
 */
export async function tokenExchange(
  client: Client,
  input: TokenExchangeInput,
): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input);
  const parameters = exchangeParameters(request);
  const url = client.authorities.url(request.authorityUrl);
  // Also hints: with a provider's own exchange, `login_hint` decides whose token is issued.
  const everything = [
    parameters.toString(),
    extra(request.extraParameters),
    extra(request.extraQueryParameters),
  ];
  const hash = EXCHANGE + sha256Base64Url(JSON.stringify(everything));
  const wanted: WantedExchange = {
    request,
    url,
    flow: ["token_exchange", hash],
    query: { ...assertionQuery(client, { request, url, hash }), anyTokenType: true },
    renewsEarly: false,
    hash,
    parameters,
  };
  return request.given.skipCache || request.claims
    ? acquire(client, wanted, "forced")
    : cacheFirst(client, wanted, acquire);
}

interface WantedExchange extends WantedForAssertion {
  /** Those of the exchange, without scope and resource. */
  readonly parameters: Parameters;
}

function acquire(client: Client, wanted: WantedExchange, miss: Miss): Promise<AuthenticationResult> {
  const { request, parameters } = wanted;
  const requestedType = parameters.get("requested_token_type");
  return sharedExchange(client, request, wanted, async (exchange) => {
    // A refresh token yields access tokens only.
    const renewed =
      miss === "expired" && (!requestedType || isAccessTokenType(requestedType))
        ? await redeemKeptToken(exchange, wanted, {
            miss,
            canStartAgain: true,
            grant: renewalGrant(wanted, miss),
          })
        : undefined;
    if (renewed) return renewed;
    const sent = new Parameters().setAll(parameters);
    return requestInTurn(exchange, wanted, miss, (inTurn) =>
      redeem(inTurn, { ...assertionGrant(wanted, miss, sent), exchange: { requestedType } }),
    );
  });
}

/** The parameters of the exchange (RFC 8693 §2.1) except scope and resource. */
function exchangeParameters(request: TokenRequest<TokenExchangeInput>): Parameters {
  const { given, correlationId } = request;
  const text = (field: keyof TokenExchangeInput): string | undefined => {
    const value: unknown = given[field];
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    throw invalid(
      `${field} is ${value === "" ? "an empty text" : `a ${typeof value}`}: pass a string.`,
      request,
    );
  };
  const type = (field: keyof TokenExchangeInput): string | undefined => {
    const value = text(field);
    return value === undefined ? undefined : tokenTypeUri(value);
  };
  const subjectToken = requiredText(
    given.subjectToken,
    "subjectToken",
    "pass the token to exchange.",
    correlationId,
  );
  const types = "pass what the token is, such as access_token.";
  requiredText(given.subjectTokenType, "subjectTokenType", types, correlationId);
  if ((text("actorToken") === undefined) !== (text("actorTokenType") === undefined))
    throw invalid(
      "actorToken and actorTokenType belong together (RFC 8693, section 2.1): pass both or none.",
      request,
    );
  return new Parameters()
    .set("grant_type", text("grantType") ?? GRANT_TYPE)
    .set("subject_token", subjectToken)
    .set("subject_token_type", type("subjectTokenType"))
    .set("actor_token", given.actorToken)
    .set("actor_token_type", type("actorTokenType"))
    .set("requested_token_type", type("requestedTokenType"))
    .setEach("audience", audiences(request));
}

function audiences(request: TokenRequest<TokenExchangeInput>): readonly string[] | undefined {
  const given: unknown = request.given.audience;
  if (given === undefined) return undefined;
  const all: readonly unknown[] = Array.isArray(given) ? given : [given];
  const names = all.filter((one): one is string => typeof one === "string" && one !== "");
  if (names.length === all.length) return [...new Set(names)].sort();
  throw invalid("audience is not a name: pass the service's name, or an array of names.", request);
}

function extra(parameters: Readonly<Record<string, string>> | undefined): string {
  const pairs = new Parameters().addMissing(parameters).toString().split("&");
  return pairs.sort().join("&");
}

function invalid(message: string, request: TokenRequest): Error {
  return clientConfigurationError("invalid_option", message, request);
}
