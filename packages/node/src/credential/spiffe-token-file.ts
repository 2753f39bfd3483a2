import type { ClientAssertionCallback } from "../configuration.js";
import { tokenFile } from "./token-file.js";

/**
 * Authenticates a client with a JWT-SVID that spiffe-helper, or another SPIFFE agent, keeps in a file. The file is read for
 * each token request.
 *
 * @param path path of the file: the agent's `jwt_svid_file_name`
 * @throws ClientConfigurationError `invalid_option` without a path
 *
 * @example
 * ```ts
 * const auth = { clientId, authority, clientAssertion: spiffeTokenFile("/run/svid/entra.jwt") };
 * const app = new ConfidentialClientApplication({ auth });
 * ```
 */
export function spiffeTokenFile(path: string): ClientAssertionCallback {
  return tokenFile(path, { name: "spiffeTokenFile", writer: "spiffe-helper" });
}
