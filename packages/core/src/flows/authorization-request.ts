import { endpointOf } from "../authority/endpoint.js";
import { epochSeconds } from "../clock.js";
import { parseJsonObject } from "../encoding.js";
import { clientAuthError, clientConfigurationError } from "../errors/errors.js";
import { sendClientForm } from "../exchange/client-form.js";
import { endpointError } from "../exchange/endpoint-error.js";
import type { Exchange } from "../exchange/exchange.js";
import { pacedRequest } from "../exchange/paced-request.js";
import { statusOf, withPause } from "../http/throttle.js";
import { Parameters, withQuery } from "../request/parameters.js";
import { lifetimeSeconds } from "../response/seconds.js";

/** A URL that starts a sign-in. */
export interface PreparedUrl {
  readonly url: string;
  /** When the provider forgets the request that was pushed to it, in seconds since the epoch. */
  readonly expiresAt?: number;
}

/** The client and the resolved authority of an authorization request. */
type Context = Pick<Exchange, "client" | "authority" | "call">;

const PUSHED = "pushed_authorization_request_endpoint";

/** Parameters that OpenID Connect Core §6.1 requires outside of a request object as well. */
const OUTSIDE = ["client_id", "response_type", "scope"] as const;

/**
 * Builds the URL of an authorization request: with its parameters, with a signed request object (RFC 9101), or with the
 * reference to a request that was pushed to the provider (RFC 9126), as the provider and the client require.
 *
 * @throws ClientConfigurationError `invalid_option` when the provider requires a signature and there is no key;
 * ClientAuthError `openid_config_error`, `invalid_pushed_authorization_response`; ServerError
 */
export async function prepareUrl(context: Context, parameters: Parameters): Promise<PreparedUrl> {
  const { client, authority } = context;
  const { metadata } = authority;
  const endpoint = endpointOf(authority, "authorization_endpoint", context.call);
  const sent = await signed(context, parameters);
  if (!client.authorizationRequests.isPushed && metadata["require_pushed_authorization_requests"] !== true)
    return { url: withQuery(endpoint, sent.toString()) };
  const pushed = pacedRequest(context, PUSHED, parameters, () => push(context, sent));
  const { requestUri, expiresAt } = await pushed;
  const reference = new Parameters().set("client_id", client.clientId).set("request_uri", requestUri);
  return { url: withQuery(endpoint, reference.toString()), expiresAt };
}

async function signed({ client, authority, call }: Context, parameters: Parameters): Promise<Parameters> {
  const { sign } = client.authorizationRequests;
  const { metadata } = authority;
  if (!sign) {
    if (metadata["require_signed_request_object"] !== true) return parameters;
    throw clientConfigurationError(
      "invalid_option",
      "The provider accepts only signed authorization requests (require_signed_request_object): set auth.requestObjectKey to the key that is registered for the client.",
      call,
    );
  }
  const outside = new Parameters();
  for (const name of OUTSIDE) outside.set(name, parameters.get(name));
  return outside.set("request", await sign(parameters, metadata));
}

/** Pushes a request, and returns the reference to it: good for one sign-in, and for a short time. */
async function push(
  context: Context,
  parameters: Parameters,
): Promise<{ readonly requestUri: string; readonly expiresAt: number }> {
  const { client, call } = context;
  const requestedAt = epochSeconds(client.clock);
  const response = await sendClientForm(context, { endpoint: PUSHED, parameters });
  const refusal = endpointError(response, context);
  if (refusal) throw refusal;
  const body = parseJsonObject(response.body);
  const requestUri = body?.["request_uri"];
  const lifetime = lifetimeSeconds(body?.["expires_in"]);
  const isGood = response.status >= 200 && response.status <= 299;
  if (isGood && typeof requestUri === "string" && requestUri !== "" && lifetime)
    return { requestUri, expiresAt: requestedAt + lifetime };
  const error = clientAuthError(
    "invalid_pushed_authorization_response",
    `The pushed authorization request endpoint returned ${statusOf(response)} without a request_uri and a positive expires_in (RFC 9126, section 2.2).`,
    call,
  );
  throw withPause(error, response, client.clock);
}
