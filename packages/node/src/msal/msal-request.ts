import type { BaseRequest } from "@tessera/core";
import { clientConfigurationError, newCorrelationId, type AzureCloudOptions } from "@tessera/core/internal";
import type { Writable } from "./writable.js";

/** MSAL's fields of every request, in addition to those of each flow. */
export interface MsalRequest extends Writable<BaseRequest> {
  /** National cloud and tenant, as an alternative to `authority`. */
  azureCloudOptions?: AzureCloudOptions;
  /**
   * HTTP method of the request the token is for.
   *
   * @deprecated For account brokers only: nothing else reads it.
   */
  resourceRequestMethod?: string;
  /**
   * URL of the request the token is for.
   *
   * @deprecated For account brokers only: nothing else reads it.
   */
  resourceRequestUri?: string;
  /**
   * Claims of a signed HTTP request, as JSON.
   *
   * @deprecated For account brokers only: nothing else reads it.
   */
  shrClaims?: string;
  /**
   * Nonce of a signed HTTP request.
   *
   * @deprecated For account brokers only: nothing else reads it.
   */
  shrNonce?: string;
  /**
   * Header of a signed HTTP request.
   *
   * @deprecated For account brokers only: nothing else reads it.
   */
  shrOptions?: { header: { typ?: string; alg?: string; kid?: string } };
  /**
   * Public key of an SSH certificate, a JWK as JSON.
   *
   * @deprecated For account brokers only: nothing else reads it.
   */
  sshJwk?: string;
  /**
   * Id of the SSH key.
   *
   * @deprecated For account brokers only: nothing else reads it.
   */
  sshKid?: string;
  /**
   * Id of the key to bind a token to.
   *
   * @deprecated For account brokers only: nothing else reads it.
   */
  popKid?: string;
  /**
   * Thumbprint of the key to bind a token to.
   *
   * @deprecated For account brokers only: nothing else reads it.
   */
  dpopJkt?: string;
  /**
   * Client id of an embedded app.
   *
   * @deprecated For account brokers only: without one it is refused with `invalid_platform_broker_configuration`.
   */
  embeddedClientId?: string;
  /** @deprecated For account brokers only: nothing else reads it. */
  skipBrokerClaims?: boolean;
  /** @deprecated For account brokers only: nothing else reads it. */
  scenarioId?: string;
  /** @deprecated For browsers only: ignored here. */
  httpMethod?: "GET" | "POST";
  /** @deprecated Ignored, as in MSAL. `initiateAuthCodeFlow` and `acquireTokenInteractive` enforce theirs. */
  maxAge?: number;
}

/** Additional fields of MSAL's authorization requests, for browsers. */
export interface MsalAuthorizationRequest {
  /** @deprecated For browsers only: ignored here. */
  earJwk?: string;
  /** @deprecated For browsers only: ignored here. */
  platformBroker?: boolean;
  /** @deprecated For browsers only: ignored here. */
  reqCnf?: string;
  /** @deprecated For browsers only: ignored here. */
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
  return { ...request, ...FOR_BROKERS };
}

const FOR_BROKERS = { authenticationScheme: undefined, embeddedClientId: undefined } as const;

/**
 * Refuses a request for another client, whose tokens would be cached as this client's.
 *
 * @throws ClientConfigurationError `invalid_platform_broker_configuration`
 */
export function requireOwnClient({
  embeddedClientId,
  correlationId,
}: {
  readonly embeddedClientId?: string;
  readonly correlationId?: string;
}): void {
  if (!embeddedClientId) return;
  throw clientConfigurationError(
    "invalid_platform_broker_configuration",
    `embeddedClientId "${embeddedClientId}" names another client, for which only a broker can acquire tokens: configure one (broker.nativeBrokerPlugin), or create an application with that client id.`,
    { correlationId: correlationId || newCorrelationId() },
  );
}
