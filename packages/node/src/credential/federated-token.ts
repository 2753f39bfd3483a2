import { promises } from "node:fs";
import { isAbsolute } from "node:path";
import { Logger } from "@tessera/core";
import {
  clientAuthError,
  clientConfigurationError,
  createTransport,
  parseJsonObject,
  secureUrl,
  statusOf,
  wrongType,
} from "@tessera/core/internal";
import { createUndiciHttpClient } from "../http/undici-http-client.js";
import type { ClientAssertionCallback } from "../configuration.js";

/**
 * Authenticates a client with the token file of workload identity federation (Kubernetes and other platforms). The
 * file is read for each token request, so that a renewed token is used at once.
 *
 * @param path path of the file; defaults to the environment variable `AZURE_FEDERATED_TOKEN_FILE`
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
  if (typeof path !== "string") throw wrongType("path", path, "the path of the token file");
  return async () => {
    try {
      return (await promises.readFile(path, "utf8")).trim();
    } catch (error) {
      // A string that is not a path may be the token itself.
      const shown = typeof path === "string" && isAbsolute(path) ? ` "${path}"` : "";
      const { code } = error as NodeJS.ErrnoException;
      throw clientAuthError(
        "invalid_assertion",
        `The federated token file${shown} cannot be read (${String(code)}): check the path passed to federatedTokenFile, or AZURE_FEDERATED_TOKEN_FILE.`,
      );
    }
  };
}

/**
 * Authenticates a client with the OpenID Connect token of a GitHub Actions job, which needs
 * `permissions: id-token: write`.
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
      "githubActionsToken finds no ACTIONS_ID_TOKEN_REQUEST_URL: give the job the permission id-token: write.",
    );
  }
  secureUrl(url, "ACTIONS_ID_TOKEN_REQUEST_URL");
  const http = createUndiciHttpClient({});
  const transport = createTransport(http, () => new Logger({}), true);
  return async () => {
    const response = await transport.get(
      `${url}${url.includes("?") ? "&" : "?"}audience=${encodeURIComponent(audience)}`,
      { correlationId: "" },
      { headers: { authorization: `Bearer ${token}` } },
    );
    const value = response.status === 200 ? parseJsonObject(response.body)?.["value"] : undefined;
    if (typeof value === "string") return value;
    throw clientAuthError(
      "invalid_assertion",
      `GitHub Actions returned ${statusOf(response)} without a token.`,
    );
  };
}
