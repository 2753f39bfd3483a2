import type { Authority } from "../authority/authority.js";
import type { Client } from "../client/client.js";
import { epochSeconds } from "../clock.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { newGuid, parseJsonObject } from "../encoding.js";
import { clientAuthError, clientConfigurationError, type AuthError } from "../errors/errors.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import type { Grant } from "../exchange/grant.js";
import { checkedTimeout, pollForTokens, pollingPace } from "../exchange/poll.js";
import { secureEndpoint, secureUrl } from "../http/secure-url.js";
import { statusOf, withPause } from "../http/throttle.js";
import type { Call } from "../http/transport.js";
import { printable } from "../printable.js";
import { mergeClaims } from "../request/claims.js";
import { Parameters, withQuery } from "../request/parameters.js";
import { resourcesIn } from "../request/resource.js";
import { withOidcScopes } from "../request/scopes.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import { serverError } from "../response/server-error.js";
import type { AuthenticationResult } from "../result.js";

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

/** Request to sign a user in on another device. */
export interface DeviceCodeInput extends BaseRequest {
  /** Shows the user the URL and the code. */
  readonly deviceCodeCallback: (response: DeviceCodeResponse) => unknown;
  /** Set it to `true` on this object during the call to cancel it. */
  readonly cancel?: boolean;
  /** Maximum seconds to wait for the user, within the lifetime of the code. */
  readonly timeout?: number;
}

/**
 * Acquires tokens for a user who signs in on another device (RFC 8628). Polling survives network errors and busy responses.
 *
 * @throws ClientAuthError `device_code_expired`, `device_code_polling_cancelled`, `user_timeout_reached`; ServerError for an
 * error response (`access_denied`, `authorization_declined`, …)
 * @example
 * ```ts
 * const { account } = await deviceCode(client, {
 *   scopes: ["User.Read"],
 *   deviceCodeCallback: ({ message }) => console.log(message),
 * });
 * ```
 */
export async function deviceCode(client: Client, input: DeviceCodeInput): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input);
  const { deviceCodeCallback } = request.given;
  requireCallback(request);
  const timeout = checkedTimeout(request.given.timeout, request);
  const url = client.authorities.url(request.authorityUrl);
  // Every call shows its own code, so calls never share a request.
  return sharedExchange(client, request, { url, flow: ["device_code", newGuid()] }, async (exchange) => {
    const { call } = exchange;
    const startedAt = epochSeconds(client.clock);
    const device = await authorizeDevice(exchange);
    const shown = show(deviceCodeCallback, device);
    return pollForTokens(exchange, {
      grant: grant(exchange, device),
      startedAt,
      ...device,
      timeout,
      check: () => {
        if (shown.failure) throw shown.failure.error;
        // Read from the caller's object, because the caller sets it there during the call.
        if (input.cancel === true) throw cancelled(call);
      },
      expired: (cause) => expired(call, cause),
    });
  });
}

function requireCallback({ given, correlationId }: TokenRequest<DeviceCodeInput>): void {
  if (typeof given.deviceCodeCallback === "function") return;
  const text = "deviceCodeCallback is not a function: pass one that shows the message to the user.";
  throw clientConfigurationError("invalid_option", text, { correlationId });
}

/** Starts the callback without waiting: it may run until the user closes its display. Its failure ends the call. */
function show(
  callback: DeviceCodeInput["deviceCodeCallback"],
  device: DeviceCodeResponse,
): { readonly failure?: { readonly error: unknown } } {
  const shown: { failure?: { readonly error: unknown } } = {};
  Promise.resolve(callback(device)).catch((error: unknown) => {
    shown.failure = { error };
  });
  return shown;
}

async function authorizeDevice({ client, authority, request, call }: Exchange): Promise<DeviceCodeResponse> {
  const dialect = dialectOf(authority.url);
  const form = new Parameters()
    .set("scope", withOidcScopes(request.scopes).join(" "))
    .set("client_id", client.clientId)
    .setEach("resource", resourcesIn(request.resource));
  if (request.claims || client.capabilities.length > 0) {
    const { claims } = request;
    const idTokenDefaults = dialect.idTokenClaims;
    form.set("claims", mergeClaims({ claims, capabilities: client.capabilities, idTokenDefaults }));
  }
  const query = new Parameters().addMissing(request.extraQueryParameters).toString();
  const endpoint = withQuery(deviceEndpoint(authority), query);
  const response = await client.transport.post(endpoint, { body: form.toString(), headers: {} }, call);
  const body = parseJsonObject(response.body);
  if (body?.["error"] !== undefined)
    throw withPause(serverError(body, response.status, call.correlationId), response, client.clock);
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

/** Returns the published endpoint, or the unpublished one that Entra has. */
function deviceEndpoint({ url, metadata }: Authority): string {
  const published = metadata["device_authorization_endpoint"];
  if (typeof published === "string") return secureUrl(published, "device_authorization_endpoint").href;
  const unpublished = dialectOf(url).unpublishedDeviceEndpoint(metadata);
  if (unpublished) return unpublished;
  throw clientAuthError(
    "openid_config_error",
    "The provider has no device_authorization_endpoint: it does not offer device codes.",
  );
}

function grant({ authority, request }: Exchange, device: DeviceCodeResponse): Grant {
  const scopes = withOidcScopes(request.scopes);
  return {
    apiId: ApiId.deviceCode,
    scopes,
    parameters: new Parameters()
      .set("scope", scopes.join(" "))
      .set("grant_type", dialectOf(authority.url).deviceGrantType)
      .set("device_code", device.deviceCode),
    owner: { kind: "user" },
    nonce: "unchecked",
    throttleKey: ["device_code", device.deviceCode].join(" "),
    isPoll: true,
  };
}

function cancelled(call: Call): AuthError {
  const reason = "The request was canceled with cancel = true.";
  return clientAuthError("device_code_polling_cancelled", reason, call);
}

function expired({ correlationId }: Call, cause?: AuthError): Error {
  return clientAuthError(
    "device_code_expired",
    "The device code has expired before the user signed in: start again.",
    { correlationId, cause },
  );
}
