import type { RecordedRequest } from "../http/journal.js";
import { identityNamed, namedBy, systemAssigned, type IdParameter } from "./asked-identity.js";
import { HostError, type Failure, type HostGround, type IdentityEndpoint } from "./emulated-host.js";

/**
 * App Service, Functions and Container Apps.
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function appService(ground: HostGround): IdentityEndpoint {
  const { url, secret } = ground;
  const path = "/msi/token";
  return {
    method: "GET",
    path,
    environment: { IDENTITY_ENDPOINT: `${url}${path}`, IDENTITY_HEADER: secret },
    answer: (request) => {
      requireSecret(request, "x-identity-header", secret);
      return answer(ground, request, {
        version: "2019-08-01",
        parameters: ["client_id", "principal_id", "object_id", "mi_res_id"],
      });
    },
    errorBody: statusBody,
  };
}

/** The versions of this protocol differ in the names of the parameters. */
interface Protocol {
  readonly version: string;
  readonly parameters: readonly IdParameter[];
}

/** Returns a token for the identity that the request names, or for the system-assigned one. */
export async function answer(
  { state, tokens }: HostGround,
  { query }: RecordedRequest,
  { version, parameters }: Protocol,
): Promise<object> {
  const { resource } = query;
  if (query["api-version"] !== version) {
    throw badRequest(`The api-version is not supported; the supported one is ${version}.`);
  }
  if (!resource) throw badRequest("The parameter resource is missing.");
  const identities = state.config.managedIdentities;
  const [name, second] = namedBy(query, parameters);
  if (second !== undefined) throw badRequest(`Only one of ${name} and ${second} can be specified.`);
  const identity = name === undefined ? systemAssigned(identities) : identityNamed(identities, name, query);
  if (identity === undefined) {
    throw badRequest(
      name === undefined
        ? "Unable to load the proper Managed Identity."
        : "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
    );
  }
  const { accessToken, issuedAt, expiresAt } = await tokens.issue(identity, resource, query);
  return {
    access_token: accessToken,
    client_id: identity.clientId,
    expires_on: String(expiresAt),
    not_before: String(issuedAt),
    resource,
    token_type: "Bearer",
  };
}

/** @throws {HostError} 401 without the secret of the environment */
export function requireSecret({ headers }: RecordedRequest, header: string, secret: string): void {
  if (headers[header] !== secret) {
    throw new HostError(401, "Unauthorized", `The header ${header} is missing or wrong.`);
  }
}

export function statusBody({ status, message }: Failure, correlationId: string): object {
  return { statusCode: status, message, correlationId };
}

function badRequest(message: string): HostError {
  return new HostError(400, "BadRequest", message);
}
