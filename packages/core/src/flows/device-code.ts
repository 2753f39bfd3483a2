import type { Client } from "../client/client.js";
import { elapsedSeconds } from "../clock.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { newGuid } from "../encoding.js";
import { clientAuthError, clientConfigurationError, type AuthError } from "../errors/errors.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import type { Grant } from "../exchange/grant.js";
import { checkedTimeout, pollForTokens } from "../exchange/poll.js";
import { requireKeys } from "../exchange/require-keys.js";
import { userScopes } from "../exchange/user-scopes.js";
import type { Call } from "../http/transport.js";
import { Parameters } from "../request/parameters.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { authorizeDevice, type DeviceCodeResponse } from "./device-authorization.js";

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
    const startedAt = elapsedSeconds(client.clock);
    await requireKeys(exchange, { owner: { kind: "user" }, scopes: userScopes(exchange) });
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

function grant(exchange: Exchange, device: DeviceCodeResponse): Grant {
  const scopes = userScopes(exchange);
  return {
    apiId: ApiId.deviceCode,
    scopes,
    parameters: new Parameters()
      .set("scope", scopes.join(" "))
      .set("grant_type", dialectOf(exchange.authority.url).deviceGrantType)
      .set("device_code", device.deviceCode),
    owner: { kind: "user" },
    nonce: "unchecked",
    throttleKey: ["device_code", device.deviceCode].join(" "),
    isPoll: true,
    hasDetails: true,
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
