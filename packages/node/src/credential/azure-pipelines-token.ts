import {
  clientConfigurationError,
  isRecord,
  requireKnownOptions,
  secureUrl,
  wrongType,
} from "@tessera/core/internal";
import type { ClientAssertionCallback } from "../configuration.js";
import { NO_CONTEXT, renewedToken } from "./renewed-token.js";
import { NO_CALL, serviceTransport, tokenIn, type TokenService } from "./token-service.js";

/** The service connection that {@link azurePipelinesToken} proves to be used by. */
export interface AzurePipelinesTokenOptions {
  /**
   * ID of the service connection (`resourceId` in its URL); defaults to the environment variable
   * `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID`, which the Azure tasks set.
   */
  readonly serviceConnectionId?: string;
  /** The job's access token; defaults to the environment variable `SYSTEM_ACCESSTOKEN`, which the pipeline must map. */
  readonly systemAccessToken?: string;
}

const SERVICE: TokenService = {
  name: "Azure Pipelines",
  member: "oidcToken",
  remedy:
    "check that the step maps SYSTEM_ACCESSTOKEN to $(System.AccessToken), and that the job uses the service connection",
  traceHeaders: ["x-vss-e2eid", "x-msedge-ref"],
};

/**
 * Authenticates a client with the token of an Azure Pipelines job for one of its service connections. A token is valid for
 * ten minutes; the next one is fetched when a token request needs it.
 *
 * @throws ClientConfigurationError `invalid_option` outside Azure Pipelines, without a service connection, or without the
 * job's access token; `authority_uri_insecure` when that token would be sent in the clear
 *
 * @example
 * ```ts
 * const clientAssertion = azurePipelinesToken({ serviceConnectionId: "11111111-1111-4111-8111-111111111111" });
 * const app = new ConfidentialClientApplication({ auth: { clientId, authority, clientAssertion } });
 * ```
 */
export function azurePipelinesToken(options: AzurePipelinesTokenOptions = {}): ClientAssertionCallback {
  if (!isRecord(options)) throw wrongType("options", options, "an object with serviceConnectionId");
  requireKnownOptions(options, { serviceConnectionId: true, systemAccessToken: true }, "azurePipelinesToken");
  const connection = setting(
    options.serviceConnectionId,
    "serviceConnectionId",
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
    "pass serviceConnectionId, the resourceId in the URL of the service connection",
  );
  const token = setting(
    options.systemAccessToken,
    "systemAccessToken",
    "SYSTEM_ACCESSTOKEN",
    "map it in the step with env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)",
  );
  const url = process.env["SYSTEM_OIDCREQUESTURI"];
  if (!url) throw missing("no SYSTEM_OIDCREQUESTURI", "call it in a job of Azure Pipelines");
  const asked = secureUrl(url, "SYSTEM_OIDCREQUESTURI");
  asked.searchParams.set("api-version", "7.1");
  asked.searchParams.set("serviceConnectionId", connection);
  const transport = serviceTransport();
  const headers = {
    authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
    // Without it, a wrong token is answered with a sign-in page.
    "X-TFS-FedAuthRedirect": "Suppress",
  };
  return renewedToken(async ({ signal } = NO_CONTEXT) => {
    const response = await transport.post(asked.href, { body: "", headers }, { ...NO_CALL, signal });
    return tokenIn(response, SERVICE, headers);
  });
}

/** A value that is passed, or else comes from the environment. */
function setting(given: unknown, field: string, variable: string, remedy: string): string {
  const value = given ?? process.env[variable];
  if (value === undefined || value === "") throw missing(`neither ${field} nor ${variable}`, remedy);
  if (typeof value !== "string") throw wrongType(field, value, "a string");
  return value;
}

function missing(what: string, remedy: string): Error {
  return clientConfigurationError("invalid_option", `azurePipelinesToken finds ${what}: ${remedy}.`);
}
