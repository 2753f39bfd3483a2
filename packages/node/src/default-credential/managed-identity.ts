import { clientConfigurationError, isAuthError } from "@tessera/core/internal";
import type { NodeSystemOptions } from "../configuration.js";
import { ManagedIdentityApplication } from "../managed-identity/managed-identity-application.js";
import { ManagedIdentitySourceNames } from "../managed-identity/source.js";
import type { AmbientTokenRequest, Source } from "./source.js";

/** The options that choose a managed identity. */
export interface ManagedIdentityOptions {
  readonly managedIdentityClientId?: string;
  readonly system?: NodeSystemOptions;
}

/** The managed identity of the host. */
export function managedIdentitySource({ managedIdentityClientId, system }: ManagedIdentityOptions): Source {
  let app: ManagedIdentityApplication | undefined;
  return {
    name: "managed identity",
    async acquire(request) {
      const userAssignedClientId = managedIdentityClientId ?? process.env["AZURE_CLIENT_ID"];
      app ??= new ManagedIdentityApplication({ managedIdentityIdParams: { userAssignedClientId }, system });
      const { claims, correlationId, refusedToken, signal, timeoutMs } = request;
      const resource = onlyResource(request);
      try {
        return await app.acquireToken({ resource, claims, correlationId, refusedToken, signal, timeoutMs });
      } catch (error) {
        const absence = isAnnounced(app) ? undefined : ABSENCES.find((it) => it.isShownBy(error));
        if (!absence || (absence.needsNoId && userAssignedClientId)) throw error;
        return {
          unavailable: absence.reason,
          remedy: "run the program on an Azure host with a managed identity",
        };
      }
    },
  };
}

/** An error that shows that there is no managed identity where nothing has announced one. */
interface Absence {
  readonly reason: string;
  isShownBy(error: unknown): boolean;
  /** Whether an id that the program names makes it a refusal. */
  readonly needsNoId?: boolean;
}

/** What the system or undici says when no connection could be made. */
const NO_CONNECTION: ReadonlySet<unknown> = new Set([
  ...[
    "EACCES",
    "EADDRNOTAVAIL",
    "ECONNREFUSED",
    "EHOSTDOWN",
    "EHOSTUNREACH",
    "ENETDOWN",
    "ENETUNREACH",
    "EPERM",
  ],
  ...["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"],
]);
/** Another cloud, or a container platform, at the same address. */
const OTHER_SERVERS: ReadonlySet<unknown> = new Set([403, 404]);

const ABSENCES: readonly Absence[] = [
  {
    reason: "this machine has no instance metadata service",
    isShownBy: (error) =>
      isAuthError(error) && error.errorCode === "network_error" && isNoConnection(error.cause),
  },
  {
    reason: "the metadata service of this machine is not Azure's",
    isShownBy: (error) =>
      isAuthError(error, "ServerError") &&
      error.errorCode === "server_error" &&
      OTHER_SERVERS.has(error.status),
  },
  {
    reason: "no identity is assigned to this machine",
    isShownBy: (error) =>
      isAuthError(error, "ServerError") && error.errorCode === "invalid_request" && error.status === 400,
    needsNoId: true,
  },
];

/** Whether the environment tells of a managed identity: all but the metadata service of a machine. */
function isAnnounced(app: ManagedIdentityApplication): boolean {
  return (
    app.getManagedIdentitySource() !== ManagedIdentitySourceNames.DEFAULT_TO_IMDS ||
    Boolean(process.env["AZURE_POD_IDENTITY_AUTHORITY_HOST"])
  );
}

function isNoConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return NO_CONNECTION.has(Reflect.get(error, "code")) || isNoConnection(error.cause);
}

function onlyResource({ scopes }: AmbientTokenRequest): string {
  const [scope] = scopes ?? [];
  if (scope && scopes.length === 1) return scope;
  throw clientConfigurationError(
    "invalid_option",
    'scopes does not have exactly one entry: a managed identity has tokens for one API, such as ["https://vault.azure.net/.default"].',
  );
}
