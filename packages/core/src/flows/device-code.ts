import type { Client } from "../client/client.js";
import { epochSeconds, pause } from "../clock.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { newGuid } from "../encoding.js";
import { clientAuthError, clientConfigurationError, isAuthError, type AuthError } from "../errors/errors.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import type { Grant } from "../exchange/grant.js";
import { redeem } from "../exchange/redeem.js";
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

/** Seconds that `slow_down` adds to the interval permanently (RFC 8628 §3.5). */
const SLOW_DOWN = 5;
const CANCELED = "The request was canceled with cancel = true.";

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
  const timeout = checkedTimeout(request);
  const url = client.authorities.url(request.authorityUrl);
  // Every call shows its own code, so calls never share a request.
  return sharedExchange(client, request, { url, flow: ["device_code", newGuid()] }, async (exchange) => {
    const { call } = exchange;
    const startedAt = epochSeconds(client.clock);
    await requireKeys(exchange, { owner: { kind: "user" }, scopes: userScopes(exchange) });
    const device = await authorizeDevice(exchange);
    const shown = show(deviceCodeCallback, device);
    const expiresAt = startedAt + device.expiresIn;
    const patience = timeout === undefined ? Infinity : startedAt + timeout;
    let { interval } = device;
    for (;;) {
      // Never wait past the end, nor longer than a timer supports: it would fire at once.
      const left = Math.max(1, Math.min(expiresAt, patience) + 1 - epochSeconds(client.clock));
      await pause(client.clock, Math.min(interval, left) * 1000, call.signal);
      if (shown.failure) throw shown.failure.error;
      // Read from the caller's object, because the caller sets it there during the call.
      if (input.cancel === true) throw clientAuthError("device_code_polling_cancelled", CANCELED, call);
      checkPatience(request, epochSeconds(client.clock), { expiresAt, patience }, call);
      try {
        return await redeem(exchange, grant(exchange, device));
      } catch (error) {
        if (call.signal?.aborted) throw error;
        interval += secondsToAdd(error);
      }
    }
  });
}

function checkedTimeout(request: TokenRequest<DeviceCodeInput>) {
  const { deviceCodeCallback, timeout } = request.given;
  const invalid = (what: string): Error => clientConfigurationError("invalid_option", what, request);
  if (typeof deviceCodeCallback !== "function")
    throw invalid("deviceCodeCallback is not a function: pass one that shows the message to the user.");
  if (timeout && !(typeof timeout === "number" && timeout > 0))
    throw invalid(`timeout is ${JSON.stringify(timeout)}: pass a positive number of seconds.`);
  return timeout || undefined;
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

/** Returns the seconds to add to the interval after a failed poll. @throws an error that ends polling */
function secondsToAdd(error: unknown): number {
  if (!isAuthError(error)) throw error;
  if (error.errorCode === "authorization_pending") return 0;
  // RFC 8628 §3.5 requires a longer interval after a connection failure.
  if (error.errorCode === "slow_down" || error.errorCode === "network_error") return SLOW_DOWN;
  if (isAuthError(error, "ServerError") && ((error.status ?? 0) >= 500 || error.status === 429))
    return SLOW_DOWN;
  if (error.errorCode === "expired_token" || error.errorCode === "code_expired") throw expired(error);
  throw error;
}

function checkPatience(
  { given }: TokenRequest<DeviceCodeInput>,
  now: number,
  { expiresAt, patience }: { readonly expiresAt: number; readonly patience: number },
  call: Call,
): void {
  if (now > patience) {
    throw clientAuthError(
      "user_timeout_reached",
      `The user did not sign in within ${given.timeout} seconds.`,
      call,
    );
  }
  if (now > expiresAt) throw expired(undefined, call.correlationId);
}

function expired(cause?: AuthError, correlationId = cause?.correlationId ?? ""): Error {
  return clientAuthError(
    "device_code_expired",
    "The device code has expired before the user signed in: start again.",
    { correlationId, cause },
  );
}
