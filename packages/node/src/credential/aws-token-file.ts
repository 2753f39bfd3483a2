import type { ClientAssertionCallback } from "../configuration.js";
import { tokenFile } from "./token-file.js";

/**
 * Authenticates a client with the web identity token of a pod on Amazon EKS. The file is read for each token request. Entra
 * accepts the token only if its audience is that of the federated credential, so the pod needs a projected token with
 * Entra's audience.
 *
 * @param path path of the file; defaults to the environment variable `AWS_WEB_IDENTITY_TOKEN_FILE`
 * @throws ClientConfigurationError `invalid_option` when neither names a file
 *
 * @example
 * ```ts
 * const auth = { clientId, authority, clientAssertion: awsTokenFile() };
 * const app = new ConfidentialClientApplication({ auth });
 * ```
 */
export function awsTokenFile(path = process.env["AWS_WEB_IDENTITY_TOKEN_FILE"]): ClientAssertionCallback {
  return tokenFile(path, {
    name: "awsTokenFile",
    variable: "AWS_WEB_IDENTITY_TOKEN_FILE",
    writer: "the cluster",
  });
}
