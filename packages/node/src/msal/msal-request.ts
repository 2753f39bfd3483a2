import type { BaseRequest } from "@tessera/core";
import { clientConfigurationError, newCorrelationId, type AzureCloudOptions } from "@tessera/core/internal";
import type { Writable } from "./writable.js";

/** Fields that every MSAL request may carry, beside those that mean something to each flow. */
export interface MsalRequest extends Writable<BaseRequest> {
  /** National cloud and tenant, in place of `authority`. */
  azureCloudOptions?: AzureCloudOptions;
  /** HTTP method of the request the token is for; goes to the broker. */
  resourceRequestMethod?: string;
  /** URL of the request the token is for; goes to the broker. */
  resourceRequestUri?: string;
  /** Claims of a signed HTTP request (JSON text); goes to the broker. */
  shrClaims?: string;
  /** Nonce of a signed HTTP request; goes to the broker. */
  shrNonce?: string;
  /** Content of a signed HTTP request's header; goes to the broker. */
  shrOptions?: { header: { typ?: string; alg?: string; kid?: string } };
  /** Public key of an SSH certificate, JSON text of a JWK; goes to the broker. */
  sshJwk?: string;
  /** Id of that key; goes to the broker. */
  sshKid?: string;
  /** Id of the key a token is to be bound to; goes to the broker. */
  popKid?: string;
  /** Thumbprint of the key a token is to be bound to; goes to the broker. */
  dpopJkt?: string;
  /**
   * Client id of an app inside this one. Only browsers and brokers redeem for another client: here it goes to the broker,
   * and without one it is refused with `invalid_platform_broker_configuration`.
   */
  embeddedClientId?: string;
  /** Means something to the broker only. */
  skipBrokerClaims?: boolean;
  /** Means something to the broker only. */
  scenarioId?: string;
  /** Means something in browsers only. */
  httpMethod?: "GET" | "POST";
  /** Without effect, as in MSAL; `initiateAuthCodeFlow` and `acquireTokenInteractive` have one that is enforced. */
  maxAge?: number;
}

/** Fields that MSAL's authorization requests may carry beside; they mean something in browsers only. */
export interface MsalAuthorizationRequest {
  /** Means something in browsers only. */
  earJwk?: string;
  /** Means something in browsers only. */
  platformBroker?: boolean;
  /** Means something in browsers only. */
  reqCnf?: string;
  /** Means something in browsers only. */
  popupOriginCheckDone?: boolean;
}

/** Routes a request to the data centre that knows the user. */
export interface CcsCredential {
  /** Home account id or user name, as `type` says. */
  credential: string;
  type: "home_account_id" | "UPN";
}

/** A request without what only the broker understands, to check the rest of it. */
export function withoutBrokerFields<R extends MsalRequest>(request: R): R {
  return { ...request, authenticationScheme: undefined, embeddedClientId: undefined };
}

/**
 * Refuses to redeem for another client: its tokens would be kept as this one's.
 *
 * @throws ClientConfigurationError `invalid_platform_broker_configuration`
 */
export function requireOwnClient({ embeddedClientId, correlationId }: MsalRequest): void {
  if (!embeddedClientId) return;
  throw clientConfigurationError(
    "invalid_platform_broker_configuration",
    `embeddedClientId "${embeddedClientId}" names another client, for which only a broker can ask: use one (broker.nativeBrokerPlugin), or make an application with that client id.`,
    { correlationId: correlationId || newCorrelationId() },
  );
}
