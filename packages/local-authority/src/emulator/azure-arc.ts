import type { ManagedIdentity } from "../config/config.js";
import type { RecordedRequest } from "../http/journal.js";
import { identityNamed, namedBy, systemAssigned } from "./asked-identity.js";
import { agentDirectory, createChallengeFiles } from "./challenge-files.js";
import { HostError, type HostGround, type IdentityEndpoint } from "./emulated-host.js";
import { oauthError, requireMetadata } from "./imds.js";
import { tokenFields } from "./token-fields.js";

/**
 * The agent of a server outside of Azure. It answers with the path of a file, whose content proves that the caller may read
 * the agent's files.
 * https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication
 */
export async function azureArc({ state, url, tokens, options }: HostGround): Promise<IdentityEndpoint> {
  const files = await createChallengeFiles(options.tokensDirectory ?? agentDirectory());
  const { managedIdentities: identities } = state.config;
  const path = "/metadata/identity/oauth2/token";
  const readSecret = async ({ headers }: RecordedRequest) => {
    const { authorization } = headers;
    const secret = authorization?.startsWith("Basic ") ? authorization.slice("Basic ".length) : "";
    if (files.accepts(secret)) return secret;
    const message = `${secret === "" ? "Missing" : "Invalid"} Basic Authorization header`;
    throw new HostError(401, "unauthorized_client", message, {
      "WWW-Authenticate": `Basic realm=${await files.add()}`,
    });
  };
  return {
    method: "GET",
    path,
    environment: { IDENTITY_ENDPOINT: `${url}${path}`, IMDS_ENDPOINT: url },
    answer: async (request) => {
      requireMetadata(request);
      const { query } = request;
      if (!query["api-version"]) throw new HostError(400, "invalid_request", "api-version is missing");
      if (!query["resource"]) throw new HostError(400, "invalid_request", "resource is missing");
      const secret = await readSecret(request);
      const [name] = namedBy(query, ["client_id", "object_id", "msi_res_id", "mi_res_id"]);
      const identity =
        name === undefined ? systemAssigned(identities) : identityNamed(identities, name, query);
      if (identity === undefined) throw new HostError(404, "invalid_request", "Identity not found");
      const token = await tokens.issue(identity, query["resource"], query);
      // Not before: clients repeat a refused request with the same secret.
      await files.drop(secret);
      return {
        ...tokenFields(token, state.clock.seconds()),
        // Confirms to the client that its choice was understood.
        ...(name === undefined ? {} : echo(identity)),
      };
    },
    errorBody: oauthError,
    close: () => files.close(),
  };
}

function echo({ objectId, resourceId }: ManagedIdentity): object {
  return { object_id: objectId, msi_res_id: resourceId, mi_res_id: resourceId };
}
