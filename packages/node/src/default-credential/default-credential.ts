import { Logger } from "@tessera/core";
import { version, withoutNull } from "@tessera/core/internal";
import { ambientCredential, type AmbientCredential } from "./ambient-credential.js";
import { firstAvailable } from "./first-available.js";
import { checkOptions, type DefaultCredentialOptions } from "./options.js";
import { sourcesFor } from "./sources.js";

/**
 * Creates a credential that finds its identity where the program runs, so that a program runs unchanged on a laptop and
 * on an Azure host. It asks, in this order: the environment (secret, certificate or federated token), workload identity,
 * managed identity, the sign-in kept under `developerCache`, the Azure CLI, the Azure Developer CLI. The environment
 * variable `AZURE_TOKEN_CREDENTIALS` limits it to `prod`, `dev` or one of them.
 *
 * The first source that gives a token is used from then on. A source that has an identity and refuses is an error. `timeoutMs`
 * and `signal` of a call bound all its sources together.
 *
 * @throws ClientConfigurationError `invalid_option`. The credential rejects with ClientAuthError `credential_unavailable`
 * when no source has an identity, with `request_timeout` or `request_aborted`, which name the source that was waited for, and
 * otherwise as the source that has an identity
 *
 * @example
 * ```ts
 * const credential = createDefaultCredential(); // new SecretClient(vaultUrl, credential)
 * const graph = createAuthenticatedFetch(credential, { scopes: ["https://graph.microsoft.com/.default"] });
 * ```
 */
export function createDefaultCredential(options: DefaultCredentialOptions = {}): AmbientCredential {
  const { system, ...checked } = withoutNull(checkOptions(options ?? {}));
  const logger = new Logger(withoutNull(system?.loggerOptions ?? {}), "@tessera/node", version);
  const sources = sourcesFor(process.env["AZURE_TOKEN_CREDENTIALS"], { ...checked, system });
  const acquire = firstAvailable(sources, ({ name }) =>
    logger.info(`The default credential has found its identity: ${name}.`),
  );
  return ambientCredential(acquire);
}
