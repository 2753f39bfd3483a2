import type { ClientAuthentication } from "../credential/client-authentication.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientAuthError } from "../errors/errors.js";
import { sendClientForm } from "../exchange/client-form.js";
import { endpointError } from "../exchange/endpoint-error.js";
import type { Exchange } from "../exchange/exchange.js";
import { pacedRequest } from "../exchange/paced-request.js";
import { pollingPace } from "../exchange/poll.js";
import { userScopes } from "../exchange/user-scopes.js";
import { secureEndpoint } from "../http/secure-url.js";
import type { HttpResponse } from "../http/http-client.js";
import { statusOf, withPause } from "../http/throttle.js";
import { printable } from "../printable.js";
import { requireKnownTypes } from "../request/authorization-details.js";
import { mergeClaims } from "../request/claims.js";
import { Parameters } from "../request/parameters.js";
import { resourcesIn } from "../request/resource.js";
import { answerBody } from "../http/answer-body.js";

/** The device authorization response (RFC 8628 §3.2), to be shown to the user. */
export interface DeviceCodeResponse {
  /** Code that the user enters. */
  readonly userCode: string;
  /** The secret code, for the token endpoint only. */
  readonly deviceCode: string;
  /** URL where the user enters it. */
  readonly verificationUri: string;
  /** URL that includes the code, for a link or a QR code, if the provider sends one. */
  readonly verificationUriComplete?: string;
  /** Seconds until the code expires. */
  readonly expiresIn: number;
  /** Polling interval, in seconds. */
  readonly interval: number;
  /** Instructions to show to the user. */
  readonly message: string;
}

/**
 * Requests a device code (RFC 8628 §3.1). A client with a credential authenticates as at the token endpoint.
 *
 * @throws ServerError for an error response; ClientAuthError `openid_config_error`, `device_code_unknown_error`
 */
export async function authorizeDevice(exchange: Exchange): Promise<DeviceCodeResponse> {
  const { client, authority, request, call } = exchange;
  requireKnownTypes(request.authorizationDetails, authority.metadata, call);
  const dialect = dialectOf(authority.url);
  const { claims } = request;
  const hasClaims = claims !== undefined || client.capabilities.length > 0;
  const { idTokenClaims: idTokenDefaults } = dialect;
  const form = {
    endpoint: ENDPOINT,
    parameters: new Parameters()
      .set("scope", userScopes(exchange).join(" "))
      .set("client_id", client.isPublic || !dialect.authenticatesDevices ? client.clientId : undefined)
      .setEach("resource", resourcesIn(request.resource))
      .set("authorization_details", request.authorizationDetails),
    claims: hasClaims
      ? mergeClaims({ claims, capabilities: client.capabilities, idTokenDefaults })
      : undefined,
    extraParameters: dialect.sendsExtraParameters ? request.extraParameters : undefined,
    query: new Parameters().addMissing(request.extraQueryParameters),
  };
  const equal = new Parameters()
    .setAll(form.parameters)
    .set("claims", form.claims)
    .setAll(form.query)
    .addMissing(form.extraParameters);
  return pacedRequest(exchange, ENDPOINT, equal, async () =>
    deviceIn(exchange, await sendClientForm(atDeviceEndpoint(exchange), form)),
  );
}

function deviceIn(exchange: Exchange, response: HttpResponse): DeviceCodeResponse {
  const refusal = endpointError(response, exchange);
  if (refusal) throw refusal;
  const { client, authority, call } = exchange;
  const body = answerBody(response);
  const text = (field: string): string => (typeof body?.[field] === "string" ? body[field] : "");
  const userCode = text("user_code");
  const code = text("device_code");
  const verificationUri = text("verification_uri") || text("verification_url");
  const { expiresIn, interval } = pollingPace(body);
  if (!userCode || !code || !verificationUri || !(expiresIn > 0)) {
    const error = clientAuthError(
      "device_code_unknown_error",
      `The device authorization endpoint returned ${statusOf(response)} without user_code, device_code, verification_uri and expires_in (RFC 8628, section 3.2).`,
      call,
    );
    throw withPause(error, response, client.clock);
  }
  const complete = text("verification_uri_complete");
  // Checked because the user, or the app, will open them.
  const { href } = authority.url;
  secureEndpoint(verificationUri, "verification_uri", href);
  if (complete) secureEndpoint(complete, "verification_uri_complete", href);
  return {
    userCode: printable(userCode),
    deviceCode: code,
    verificationUri,
    ...(complete ? { verificationUriComplete: complete } : {}),
    expiresIn,
    interval,
    message: printable(
      text("message") || `To sign in, open ${verificationUri} and enter the code ${userCode}.`,
    ),
  };
}

const ENDPOINT = "device_authorization_endpoint";

/** Adds the endpoint that Entra has and does not publish, and leaves out the authentication that Entra does not want there. */
function atDeviceEndpoint({
  client,
  authority,
  call,
}: Exchange): Pick<Exchange, "client" | "authority" | "call"> {
  const { metadata, url } = authority;
  const dialect = dialectOf(url);
  const published = metadata[ENDPOINT];
  const endpoint = typeof published === "string" ? published : dialect.unpublishedDeviceEndpoint(metadata);
  return {
    client: dialect.authenticatesDevices ? client : { ...client, authenticate: async () => UNAUTHENTICATED },
    authority: { ...authority, metadata: { ...metadata, [ENDPOINT]: endpoint } },
    call,
  };
}

const UNAUTHENTICATED: ClientAuthentication = { parameters: new Parameters(), headers: {} };
