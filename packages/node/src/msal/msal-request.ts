import type { BaseRequest } from "@tessera/core";
import { clientConfigurationError, newCorrelationId, type AzureCloudOptions } from "@tessera/core/internal";
import type { Writable } from "./writable.js";

/** MSAL's fields of every request, in addition to those of each flow. */
export interface MsalRequest extends Writable<BaseRequest> {
  /** National cloud and tenant, as an alternative to `authority`. */
  azureCloudOptions?: AzureCloudOptions;
  /** HTTP method of the request the token is for. Broker only. */
  resourceRequestMethod?: string;
  /** URL of the request the token is for. Broker only. */
  resourceRequestUri?: string;
  /** Claims of a signed HTTP request, as JSON. Broker only. */
  shrClaims?: string;
  /** Nonce of a signed HTTP request. Broker only. */
  shrNonce?: string;
  /** Header of a signed HTTP request. Broker only. */
  shrOptions?: { header: { typ?: string; alg?: string; kid?: string } };
  /** Public key of an SSH certificate, a JWK as JSON. Broker only. */
  sshJwk?: string;
  /** Id of the SSH key. Broker only. */
  sshKid?: string;
  /** Id of the key to bind a token to. Broker only. */
  popKid?: string;
  /** Thumbprint of the key to bind a token to. Broker only. */
  dpopJkt?: string;
  /**
   * Client id of an embedded app. Only a broker can acquire tokens for another client; without one it is refused with
   * `invalid_platform_broker_configuration`.
   */
  embeddedClientId?: string;
  /** Broker only. */
  skipBrokerClaims?: boolean;
  /** Broker only. */
  scenarioId?: string;
  /** Browser only; ignored here. */
  httpMethod?: "GET" | "POST";
  /** Ignored, as in MSAL. It is enforced in `initiateAuthCodeFlow` and `acquireTokenInteractive`. */
  maxAge?: number;
}

/** Additional fields of MSAL's authorization requests. Browser only; ignored here. */
export interface MsalAuthorizationRequest {
  /** Browser only; ignored here. */
  earJwk?: string;
  /** Browser only; ignored here. */
  platformBroker?: boolean;
  /** Browser only; ignored here. */
  reqCnf?: string;
  /** Browser only; ignored here. */
  popupOriginCheckDone?: boolean;
}

/** Routes a request to the user's data center. */
export interface CcsCredential {
  /** Home account id or user name, according to `type`. */
  credential: string;
  type: "home_account_id" | "UPN";
}

/** Returns a request without its broker-only fields, to check the rest. */
export function withoutBrokerFields<R extends MsalRequest>(request: R): R {
  return { ...request, authenticationScheme: undefined, embeddedClientId: undefined };
}

/**
 * Refuses a request for another client, whose tokens would be cached as this client's.
 *
 * @throws ClientConfigurationError `invalid_platform_broker_configuration`
 */
export function requireOwnClient({ embeddedClientId, correlationId }: MsalRequest): void {
  if (!embeddedClientId) return;
  throw clientConfigurationError(
    "invalid_platform_broker_configuration",
    `embeddedClientId "${embeddedClientId}" names another client, for which only a broker can acquire tokens: configure one (broker.nativeBrokerPlugin), or create an application with that client id.`,
    { correlationId: correlationId || newCorrelationId() },
  );
}
