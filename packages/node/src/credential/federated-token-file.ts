import type { ClientAssertionCallback } from "../configuration.js";
import { tokenFile } from "./token-file.js";

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
  return tokenFile(path, {
    name: "federatedTokenFile",
    variable: "AZURE_FEDERATED_TOKEN_FILE",
    writer: "the platform",
  });
}
