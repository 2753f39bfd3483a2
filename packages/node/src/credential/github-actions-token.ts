import { clientConfigurationError, secureUrl, wrongType } from "@tessera/core/internal";
import type { ClientAssertionCallback } from "../configuration.js";
import { NO_CONTEXT, renewedToken } from "./renewed-token.js";
import { NO_CALL, serviceTransport, tokenIn, type TokenService } from "./token-service.js";

const SERVICE: TokenService = {
  name: "GitHub Actions",
  member: "value",
  remedy: "check that the job has the permission id-token: write, and that it is still running",
};

/**
 * Authenticates a client with the OpenID Connect token of a GitHub Actions job, which needs
 * `permissions: id-token: write`. A token is valid for five minutes; the next one is fetched when a token request needs it.
 *
 * @param audience audience of the federated credential; Entra's by default
 * @throws ClientConfigurationError `invalid_option` outside GitHub Actions, `authority_uri_insecure` when the job's
 * token would be sent in the clear
 *
 * @example
 * ```ts
 * const auth = { clientId, authority, clientAssertion: githubActionsToken() };
 * const app = new ConfidentialClientApplication({ auth });
 * ```
 */
export function githubActionsToken(audience = "api://AzureADTokenExchange"): ClientAssertionCallback {
  if (typeof audience !== "string") throw wrongType("audience", audience, "a string");
  const url = process.env["ACTIONS_ID_TOKEN_REQUEST_URL"];
  const token = process.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
  if (!url || !token) {
    throw clientConfigurationError(
      "invalid_option",
      `githubActionsToken finds no ${url ? "ACTIONS_ID_TOKEN_REQUEST_TOKEN" : "ACTIONS_ID_TOKEN_REQUEST_URL"}: give the job the permission id-token: write.`,
    );
  }
  secureUrl(url, "ACTIONS_ID_TOKEN_REQUEST_URL");
  const transport = serviceTransport();
  const headers = { authorization: `Bearer ${token}` };
  const asked = `${url}${url.includes("?") ? "&" : "?"}audience=${encodeURIComponent(audience)}`;
  return renewedToken(async ({ signal } = NO_CONTEXT) =>
    tokenIn(await transport.get(asked, { ...NO_CALL, signal }, { headers }), SERVICE, headers),
  );
}
