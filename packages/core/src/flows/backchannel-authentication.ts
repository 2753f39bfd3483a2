import type { Client } from "../client/client.js";
import { elapsedSeconds } from "../clock.js";
import { dialectOf } from "../dialect/dialects.js";
import { newGuid, parseJsonObject } from "../encoding.js";
import { clientAuthError, clientConfigurationError } from "../errors/errors.js";
import { sendClientForm } from "../exchange/client-form.js";
import { endpointError } from "../exchange/endpoint-error.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import type { Grant } from "../exchange/grant.js";
import { pacedRequest } from "../exchange/paced-request.js";
import { requireKeys } from "../exchange/require-keys.js";
import { userScopes } from "../exchange/user-scopes.js";
import { checkedTimeout, pollForTokens, pollingPace } from "../exchange/poll.js";
import { statusOf, withPause } from "../http/throttle.js";
import { mergeClaims } from "../request/claims.js";
import { requireKnownTypes } from "../request/authorization-details.js";
import { Parameters } from "../request/parameters.js";
import { resourcesIn } from "../request/resource.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import type { BackchannelPings } from "./backchannel-pings.js";

/** Request to let a user sign in on a device of theirs. Exactly one of the three hints names the user. */
export interface BackchannelAuthenticationInput extends BaseRequest {
  /** Names the user, in a form that the provider knows: an e-mail address, a phone number, an account. */
  readonly loginHint?: string;
  /** A token that names the user, from a service that the provider trusts. */
  readonly loginHintToken?: string;
  /** An ID token of the user from an earlier sign-in. */
  readonly idTokenHint?: string;
  /** Shown on both devices, so that the user sees that the requests are the same. */
  readonly bindingMessage?: string;
  /** A code that only the user knows, if the provider asks for one. */
  readonly userCode?: string;
  /** Requested lifetime of the request, in seconds. */
  readonly requestedExpiry?: number;
  /** Requested authentication context class references, the preferred one first. */
  readonly acrValues?: string | readonly string[];
  /** Set it to `true` on this object during the call to cancel it. */
  readonly cancel?: boolean;
  /** Maximum seconds to wait for the user, within the lifetime of the request. */
  readonly timeout?: number;
}

const ENDPOINT = "backchannel_authentication_endpoint";
const GRANT_TYPE = "urn:openid:params:grant-type:ciba";
const HINTS = ["loginHint", "loginHintToken", "idTokenHint"] as const;

/**
 * Acquires tokens for a user who is asked on a device of theirs (OpenID CIBA Core 1.0), by polling, and with a
 * notification if there are `pings`.
 *
 * @throws ClientAuthError `openid_config_error` when the provider does not offer it, `backchannel_request_expired`,
 * `backchannel_request_cancelled`, `user_timeout_reached`; ServerError for an error response (`access_denied`,
 * `unknown_user_id`, …)
 */
export async function backchannelAuthentication(
  client: Client,
  input: BackchannelAuthenticationInput,
  pings?: BackchannelPings,
): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input);
  const timeout = checkedTimeout(request.given.timeout, request);
  const parameters = requestParameters(request);
  const url = client.authorities.url(request.authorityUrl);
  // Calls never share a request: the user's consent to one session must not sign another one in.
  const flow = ["backchannel_authentication", newGuid()];
  return sharedExchange(client, request, { url, flow }, async (exchange) => {
    const { call } = exchange;
    const ping = pings?.expect();
    try {
      const startedAt = elapsedSeconds(client.clock);
      const scopes = userScopes(exchange);
      await requireKeys(exchange, { owner: { kind: "user" }, scopes });
      const sent = new Parameters()
        .set("scope", scopes.join(" "))
        .setAll(parameters)
        .set("client_notification_token", ping?.token);
      const { authReqId, ...pace } = await requestAuthentication(exchange, sent);
      ping?.isFor(authReqId);
      return await pollForTokens(exchange, {
        grant: grant(scopes, authReqId),
        startedAt,
        ...pace,
        timeout,
        check: () => {
          // Read from the caller's object, because the caller sets it there during the call.
          if (input.cancel !== true) return;
          const reason = "The request was canceled with cancel = true.";
          throw clientAuthError("backchannel_request_cancelled", reason, call);
        },
        decided: ping?.decided,
        expired: (cause) =>
          clientAuthError(
            "backchannel_request_expired",
            "The request has expired before the user decided: send it again.",
            { ...call, cause },
          ),
      });
    } finally {
      ping?.end();
    }
  });
}

/** What the provider says of a request that it has passed on to the user. */
interface Accepted {
  readonly authReqId: string;
  readonly expiresIn: number;
  readonly interval: number;
}

async function requestAuthentication(exchange: Exchange, parameters: Parameters): Promise<Accepted> {
  const { client, authority, request, call } = exchange;
  const claims = mergeClaims({
    claims: request.claims,
    claimsFromClient: request.claimsFromClient?.claims,
    capabilities: client.capabilities,
    idTokenDefaults: dialectOf(authority.url).idTokenClaims,
  });
  requireKnownTypes(request.authorizationDetails, authority.metadata, call);
  parameters
    .set("authorization_details", request.authorizationDetails)
    .setEach("resource", resourcesIn(request.resource))
    .set("claims", claims)
    .addMissing(request.extraParameters);
  const equal = new Parameters().setAll(parameters).addMissing(request.extraQueryParameters);
  return pacedRequest(exchange, ENDPOINT, equal, () => sendRequest(exchange, parameters));
}

async function sendRequest(exchange: Exchange, parameters: Parameters): Promise<Accepted> {
  const { client, request, call } = exchange;
  const response = await sendClientForm(exchange, {
    endpoint: ENDPOINT,
    parameters: await signed(exchange, parameters),
    query: new Parameters().addMissing(request.extraQueryParameters),
  });
  const refusal = endpointError(response, exchange);
  if (refusal) throw refusal;
  const body = parseJsonObject(response.body);
  const authReqId = body?.["auth_req_id"];
  const pace = pollingPace(body);
  if (response.status === 200 && typeof authReqId === "string" && authReqId !== "" && pace.expiresIn > 0)
    return { authReqId, ...pace };
  const error = clientAuthError(
    "invalid_token_response",
    `The backchannel authentication endpoint returned ${statusOf(response)} without auth_req_id and expires_in (OpenID CIBA, section 7.3).`,
    call,
  );
  throw withPause(error, response, client.clock);
}

/**
 * Signs the request with the application's key, if the provider takes signed ones. All parameters are then in the signed
 * one (OpenID CIBA §7.1.1).
 */
async function signed(
  { client, authority: { metadata } }: Exchange,
  parameters: Parameters,
): Promise<Parameters> {
  const { sign } = client.authorizationRequests;
  const algorithms = metadata["backchannel_authentication_request_signing_alg_values_supported"];
  if (!sign || !Array.isArray(algorithms)) return parameters;
  const metadataOfEndpoint = { ...metadata, request_object_signing_alg_values_supported: algorithms };
  return new Parameters().set("request", await sign(parameters, metadataOfEndpoint));
}

function grant(scopes: readonly string[], authReqId: string): Grant {
  return {
    scopes,
    parameters: new Parameters().set("grant_type", GRANT_TYPE).set("auth_req_id", authReqId),
    owner: { kind: "user" },
    nonce: "unchecked",
    throttleKey: ["backchannel_authentication", authReqId].join(" "),
    isPoll: true,
    hasDetails: true,
  };
}

/** The parameters of the authentication request (OpenID CIBA §7.1). */
function requestParameters(request: TokenRequest<BackchannelAuthenticationInput>): Parameters {
  const { given } = request;
  const invalid = (message: string): Error => clientConfigurationError("invalid_option", message, request);
  const hints = HINTS.filter((name) => given[name] !== undefined);
  if (hints.length !== 1)
    throw invalid(
      `${hints.length === 0 ? "no hint names the user" : `${hints.join(" and ")} are all set`}: pass exactly one of ${HINTS.join(", ")} (OpenID CIBA, section 7.1).`,
    );
  const text = (name: keyof BackchannelAuthenticationInput): string | undefined => {
    const value: unknown = given[name];
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    throw invalid(`${name} is ${value === "" ? "an empty text" : `a ${typeof value}`}: pass a string.`);
  };
  const { requestedExpiry, acrValues } = given;
  if (requestedExpiry !== undefined && !(Number.isSafeInteger(requestedExpiry) && requestedExpiry > 0))
    throw invalid(
      `requestedExpiry is ${JSON.stringify(requestedExpiry)}: pass a positive whole number of seconds.`,
    );
  const acr: unknown = typeof acrValues === "string" ? [acrValues] : (acrValues ?? []);
  if (!Array.isArray(acr) || !acr.every((one) => typeof one === "string"))
    throw invalid("acrValues is not a string: pass one, or an array of strings.");
  return new Parameters()
    .set("acr_values", acr.join(" "))
    .set("login_hint", text("loginHint"))
    .set("login_hint_token", text("loginHintToken"))
    .set("id_token_hint", text("idTokenHint"))
    .set("binding_message", text("bindingMessage"))
    .set("user_code", text("userCode"))
    .set("requested_expiry", requestedExpiry);
}
