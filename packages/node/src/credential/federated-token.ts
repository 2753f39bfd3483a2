import { promises } from "node:fs";
import {
  clientAuthError,
  clientConfigurationError,
  MAX_RESPONSE_BYTES,
  parseJsonObject,
  REQUEST_TIMEOUT_MS,
} from "@tessera/core/internal";
import { createUndiciHttpClient } from "../http/undici-http-client.js";
import type { ClientAssertionCallback } from "./credential.js";

/**
 * Authenticates a client with the token file of workload identity federation (Kubernetes, and other platforms that write
 * one). The file is read for each token request, so that a renewed one is used at once.
 *
 * @param path path of the file; `AZURE_FEDERATED_TOKEN_FILE` of the environment by default
 * @throws ClientConfigurationError `invalid_option` when neither names a file
 *
 * @example
 * ```ts
 * const auth = { clientId, authority, clientAssertion: federatedTokenFile() };
 * const app = new ConfidentialClientApplication({ auth });
 * ```
 */
export function federatedTokenFile(
  path = process.env["AZURE_FEDERATED_TOKEN_FILE"],
): ClientAssertionCallback {
  if (!path) {
    throw clientConfigurationError(
      "invalid_option",
      "federatedTokenFile has no path, and AZURE_FEDERATED_TOKEN_FILE is not set: pass the path of the token file.",
    );
  }
  return async () => {
    try {
      return (await promises.readFile(path, "utf8")).trim();
    } catch (cause) {
      throw clientAuthError("invalid_assertion", `The federated token file "${path}" cannot be read.`, {
        cause,
      });
    }
  };
}

/**
 * Authenticates a client with the OpenID Connect token of a GitHub Actions job, which needs
 * `permissions: id-token: write`.
 *
 * @param audience audience of the federated credential; Entra's own by default
 * @throws ClientConfigurationError `invalid_option` outside GitHub Actions
 *
 * @example
 * ```ts
 * const auth = { clientId, authority, clientAssertion: githubActionsToken() };
 * const app = new ConfidentialClientApplication({ auth });
 * ```
 */
export function githubActionsToken(audience = "api://AzureADTokenExchange"): ClientAssertionCallback {
  const url = process.env["ACTIONS_ID_TOKEN_REQUEST_URL"];
  const token = process.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
  if (!url || !token) {
    throw clientConfigurationError(
      "invalid_option",
      "githubActionsToken finds no ACTIONS_ID_TOKEN_REQUEST_URL: give the job the permission id-token: write.",
    );
  }
  const http = createUndiciHttpClient({ proxy: undefined, ca: [] });
  return async () => {
    const response = await http.send({
      method: "GET",
      url: `${url}${url.includes("?") ? "&" : "?"}audience=${encodeURIComponent(audience)}`,
      headers: { authorization: `Bearer ${token}`, accept: "application/json" },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      timeoutMs: REQUEST_TIMEOUT_MS,
      maxResponseBytes: MAX_RESPONSE_BYTES,
    });
    const value = response.status === 200 ? parseJsonObject(response.body)?.["value"] : undefined;
    if (typeof value === "string") return value;
    throw clientAuthError(
      "invalid_assertion",
      `GitHub Actions answered HTTP ${response.status} without a token.`,
    );
  };
}
