import { Parameters } from "@tessera/core/internal";
import { challengeSecret } from "./challenge-file.js";
import { managedIdentityError } from "./managed-identity-error.js";
import { usualRetries } from "./retry.js";
import {
  endpointIn,
  ManagedIdentitySourceNames,
  withIdentity,
  type Environment,
  type ManagedIdentitySource,
} from "./source.js";

const IDS = { clientId: "client_id", objectId: "object_id", resourceId: "msi_res_id" };

/** Members of the response that name the identity. */
const ECHOES = {
  clientId: ["client_id"],
  objectId: ["object_id"],
  resourceId: ["msi_res_id", "mi_res_id"],
};

const DEFAULT_ENDPOINT = "http://127.0.0.1:40342/metadata/identity/oauth2/token";

/** A server outside Azure with the Azure Connected Machine agent. */
export const azureArc: ManagedIdentitySource = {
  name: ManagedIdentitySourceNames.AZURE_ARC,
  isIn: (environment) => isInVariables(environment) || isAgentInstalled(environment),
  request: ({ environment, resource, identity }) => ({
    url: endpoint(environment),
    headers: { Metadata: "true" },
    query: withIdentity(
      new Parameters().set("api-version", "2020-06-01").set("resource", resource),
      IDS,
      identity,
    ),
  }),
  async answerChallenge({ status, headers }, request, environment) {
    if (status !== 401) return undefined;
    const secret = await challengeSecret(headers["www-authenticate"], environment);
    return { ...request, headers: { ...request.headers, Authorization: `Basic ${secret}` } };
  },
  confirm(body, { type, id }) {
    const echo = ECHOES[type].map((name) => body[name]).find(Boolean);
    if (typeof echo === "string" && echo.toLowerCase() === id.toLowerCase()) return;
    throw managedIdentityError(
      "user_assigned_managed_identity_not_confirmed",
      "Azure Arc did not confirm the requested user-assigned identity: the agent may not support such identities, and may have returned a token of the system-assigned one. Update the agent, or omit managedIdentityIdParams.",
    );
  },
  retries: usualRetries,
  advice: "Check that the Azure Connected Machine agent is running (azcmagent show).",
};

function isInVariables(environment: Environment): boolean {
  return Boolean(environment["IDENTITY_ENDPOINT"] && environment["IMDS_ENDPOINT"]);
}

function endpoint(environment: Environment): string {
  if (!isInVariables(environment)) return DEFAULT_ENDPOINT;
  endpointIn(environment, "IMDS_ENDPOINT");
  const url = endpointIn(environment, "IDENTITY_ENDPOINT");
  // The agent listens on IPv4 only.
  if (url.hostname === "localhost") url.hostname = "127.0.0.1";
  return url.href;
}

function isAgentInstalled(environment: Environment): boolean {
  const path = {
    linux: "/opt/azcmagent/bin/himds",
    win32: `${environment["ProgramFiles"] ?? ""}\\AzureConnectedMachineAgent\\himds.exe`,
  }[process.platform as string];
  if (path === undefined) return false;
  const { accessSync, constants } = process.getBuiltinModule("node:fs");
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
