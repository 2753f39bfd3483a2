import { versions } from "../server/instance-metadata.js";
import type { RecordedRequest } from "../http/journal.js";
import { identityNamed, namedBy, systemAssigned } from "./asked-identity.js";
import { HostError, type Failure, type HostGround, type IdentityEndpoint } from "./emulated-host.js";
import { tokenFields } from "./token-fields.js";

/**
 * The Instance Metadata Service of virtual machines and of the nodes of a cluster.
 * https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export function imds({ state, url, tokens }: HostGround): IdentityEndpoint {
  const { managedIdentities: identities } = state.config;
  const chosen = (request: RecordedRequest) => {
    const [name, second] = namedBy(request.query, ["client_id", "object_id", "msi_res_id", "mi_res_id"]);
    if (second !== undefined) throw invalid(`Only one of ${name} and ${second} can be specified`);
    if (name !== undefined) return identityNamed(identities, name, request.query);
    if (systemAssigned(identities) === undefined && identities.length > 1) {
      throw invalid(
        "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
      );
    }
    // The only user-assigned identity need not be named.
    return systemAssigned(identities) ?? identities[0];
  };
  return {
    method: "GET",
    path: "/metadata/identity/oauth2/token",
    environment: { AZURE_POD_IDENTITY_AUTHORITY_HOST: url },
    answer: async (request) => {
      requireMetadata(request);
      const { "api-version": version, resource } = request.query;
      if (version === undefined || !(versions.includes(version) || identityVersions.includes(version))) {
        throw invalid(`api-version ${JSON.stringify(version ?? "")} is missing or not supported`);
      }
      if (!resource) throw invalid("Required query variable 'resource' is missing");
      const identity = chosen(request);
      if (identity === undefined) throw invalid("Identity not found");
      return tokenFields(await tokens.issue(identity, resource, request.query), state.clock.seconds());
    },
    errorBody: oauthError,
  };
}

/** @throws {HostError} without the header that redirected and forged requests lack */
export function requireMetadata({ headers }: RecordedRequest): void {
  if (headers["metadata"]?.toLowerCase() !== "true") {
    throw new HostError(400, "bad_request_102", "Required metadata header not specified");
  }
}

export function oauthError({ code, message }: Failure): object {
  return { error: code, error_description: message };
}

function invalid(message: string): HostError {
  return new HostError(400, "invalid_request", message);
}

/** Versions that only this endpoint has. */
const identityVersions: readonly string[] = ["2018-02-01", "2018-10-01", "2019-02-01", "2019-08-01"];
