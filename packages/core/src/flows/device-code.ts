import type { Authority } from "../authority/authority.js";
import type { Client } from "../client/client.js";
import { epochSeconds, pause } from "../clock.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { newGuid, parseJsonObject } from "../encoding.js";
import { clientAuthError, clientConfigurationError, isAuthError, type AuthError } from "../errors/errors.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import type { Grant } from "../exchange/grant.js";
import { redeem } from "../exchange/redeem.js";
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

/** What the user has to be shown (RFC 8628 §3.2). */
export interface DeviceCodeResponse {
  /** Code the user types in. */
  readonly userCode: string;
  /** The secret half, for the token endpoint only. */
  readonly deviceCode: string;
  /** Where the user types it in. */
  readonly verificationUri: string;
  /** The same with the code filled in, if the provider has one: for a link or a QR code. */
  readonly verificationUriComplete?: string;
  /** Seconds until the code expires. */
  readonly expiresIn: number;
  /** Polling interval, in seconds. */
  readonly interval: number;
  /** A sentence to show. */
  readonly message: string;
}

/** Request to sign a user in on another device. */
export interface DeviceCodeInput extends BaseRequest {
  /** Shows the user where to go and what to type. */
  readonly deviceCodeCallback: (response: DeviceCodeResponse) => unknown;
  /** Set it to `true` in this object while the user is being waited for, to end the wait. */
  readonly cancel?: boolean;
  /** Most seconds to wait for the user; the code's own lifetime comes first. */
  readonly timeout?: number;
}

/** RFC 8628 §3.2: where the server names no interval. */
const DEFAULT_INTERVAL = 5;
/** Bounds of what a server may ask for, in seconds: no poll storm, and no wait that outlasts the user. */
const INTERVAL = { shortest: 1, longest: 300 } as const;
/** A code that is said to live longer is given up after a day. */
const LONGEST_CODE = 86_400;
/** RFC 8628 §3.5: `slow_down` adds five seconds, for good. */
const SLOW_DOWN = 5;

/**
 * Tokens for a user who signs in on another device (RFC 8628). Polling continues through network errors and busy responses.
 *
 * @throws ClientAuthError `device_code_expired`, `device_code_polling_cancelled`, `user_timeout_reached`; ServerError as the
 * server says (`access_denied`, `authorization_declined`, …)
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
  // Every call shows its own code, so none shares another's.
  return sharedExchange(client, request, { url, flow: ["device_code", newGuid()] }, async (exchange) => {
    const { call } = exchange;
    const startedAt = epochSeconds(client.clock);
    const device = await authorizeDevice(exchange);
    const shown = show(deviceCodeCallback, device);
    const expiresAt = startedAt + device.expiresIn;
    const patience = timeout === undefined ? Infinity : startedAt + timeout;
    let { interval } = device;
    for (;;) {
      // Never beyond the end; and a timer that is set for weeks would go off at once.
      const left = Math.max(1, Math.min(expiresAt, patience) + 1 - epochSeconds(client.clock));
      await pause(client.clock, Math.min(interval, left) * 1000, call.signal);
      if (shown.failure) throw shown.failure.error;
      // The one field that is read from the caller's own object: it is set there while the user is being waited for.
      if (input.cancel === true) throw cancelled(call);
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

/** A callback may end only when the user closes what it shows: nothing waits for it, but its failure ends the wait. */
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
  const expiresIn = Math.min(secondsIn(body?.["expires_in"]), LONGEST_CODE);
  if (!userCode || !code || !verificationUri || !(expiresIn > 0)) {
    const error = clientAuthError(
      "device_code_unknown_error",
      `The device authorization endpoint answered ${statusOf(response)} without user_code, device_code, verification_uri and expires_in (RFC 8628, section 3.2).`,
      call,
    );
    throw withPause(error, response, client.clock);
  }
  const complete = text("verification_uri_complete");
  // A user opens them, or a program does for the user.
  const { href } = authority.url;
  secureEndpoint(verificationUri, "verification_uri", href);
  if (complete) secureEndpoint(complete, "verification_uri_complete", href);
  const interval = secondsIn(body?.["interval"]) || DEFAULT_INTERVAL;
  return {
    userCode: printable(userCode),
    deviceCode: code,
    verificationUri,
    ...(complete ? { verificationUriComplete: complete } : {}),
    expiresIn,
    interval: Math.min(Math.max(interval, INTERVAL.shortest), INTERVAL.longest),
    message: printable(
      text("message") || `To sign in, open ${verificationUri} and enter the code ${userCode}.`,
    ),
  };
}

/** A number of seconds, also as a numeric string; 0 for anything else. */
function secondsIn(value: unknown): number {
  return (typeof value === "number" || typeof value === "string" ? Number(value) : 0) || 0;
}

/** The endpoint the provider publishes; Entra has it beside its token endpoint and does not say so. */
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

/** Seconds to add to the interval after a failed poll. @throws what ends the wait */
function secondsToAdd(error: unknown): number {
  if (!isAuthError(error)) throw error;
  if (error.errorCode === "authorization_pending") return 0;
  // RFC 8628 §3.5: a connection that fails asks for more time between two attempts.
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

function cancelled(call: Call): AuthError {
  const reason = "The request was cancelled with cancel = true.";
  return clientAuthError("device_code_polling_cancelled", reason, call);
}

function expired(cause?: AuthError, correlationId = cause?.correlationId ?? ""): Error {
  return clientAuthError(
    "device_code_expired",
    "The device code has expired before the user signed in: start again.",
    { correlationId, cause },
  );
}
