import type { HttpResponse } from "@tessera/core";
import { parsedUrl, shownUrl, type Parameters, type Schedule } from "@tessera/core/internal";
import type { ConnectionLimits } from "../http/guarded-connector.js";
import type { IdType, UserAssigned } from "./configuration.js";
import { managedIdentityError } from "./managed-identity-error.js";

/** Names of the sources, as MSAL Node has them. */
export const ManagedIdentitySourceNames = {
  APP_SERVICE: "AppService",
  AZURE_ARC: "AzureArc",
  CLOUD_SHELL: "CloudShell",
  DEFAULT_TO_IMDS: "DefaultToImds",
  IMDS: "Imds",
  MACHINE_LEARNING: "MachineLearning",
  SERVICE_FABRIC: "ServiceFabric",
} as const;
/** One of {@link ManagedIdentitySourceNames}. */
export type ManagedIdentitySourceNames =
  (typeof ManagedIdentitySourceNames)[keyof typeof ManagedIdentitySourceNames];

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A kind of Azure host that gives its programs a managed identity. */
export interface ManagedIdentitySource {
  readonly name: ManagedIdentitySourceNames;
  /** Whether the program runs on such a host. */
  isIn(environment: Environment): boolean;
  /**
   * Builds the request of a token.
   *
   * @throws ManagedIdentityError when the source does not support the identity, or the environment is not valid
   */
  request(wanted: WantedToken): MetadataRequest;
  /** When the host is asked again. */
  readonly retries: Schedule;
  /** What to do when the endpoint does not answer. */
  readonly advice: string;
  /** Limits of the connection to the endpoint. */
  connection?(environment: Environment): ConnectionLimits;
  /** Proves that the program runs on the host, when the first response asks for it. */
  answerChallenge?(
    response: HttpResponse,
    request: MetadataRequest,
    environment: Environment,
  ): Promise<MetadataRequest | undefined>;
  /** Checks that a token is for the requested identity. */
  confirm?(body: Readonly<Record<string, unknown>>, identity: UserAssigned): void;
}

/** The token to request. */
export interface WantedToken {
  readonly resource: string;
  /** The user-assigned identity; `undefined` for the system-assigned one. */
  readonly identity: UserAssigned | undefined;
  readonly environment: Environment;
  readonly correlationId: string;
  /** Logs a warning. */
  readonly warn: (message: string) => void;
}

/** A request to an endpoint of a managed identity: a POST if it has a body. */
export interface MetadataRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Parameters;
  readonly body?: Parameters;
  /** Whether the host can drop a revoked token from its own cache, by the SHA-256 of the token. */
  readonly takesRevokedToken?: boolean;
}

/** The variables that hold URLs, and the codes of MSAL Node for those that are not valid. */
const MALFORMED = {
  AZURE_POD_IDENTITY_AUTHORITY_HOST: "azure_pod_identity_authority_host_url_malformed",
  IDENTITY_ENDPOINT: "identity_endpoint_url_malformed",
  IMDS_ENDPOINT: "imds_endpoint_url_malformed",
  MSI_ENDPOINT: "msi_endpoint_url_malformed",
} as const;

/**
 * Returns the URL in an environment variable.
 *
 * @throws ManagedIdentityError `identity_endpoint_url_malformed` and the like
 */
export function endpointIn(environment: Environment, variable: keyof typeof MALFORMED): URL {
  const text = environment[variable] ?? "";
  const url = parsedUrl(text);
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.hash) return url;
  throw managedIdentityError(
    MALFORMED[variable],
    `The environment variable ${variable}, "${shownUrl(text)}", is not an http or https URL: the host sets it; do not change it.`,
  );
}

/** Adds the id of a user-assigned identity to a query. */
export function withIdentity(
  query: Parameters,
  names: Readonly<Record<IdType, string>>,
  identity: UserAssigned | undefined,
): Parameters {
  return identity ? query.set(names[identity.type], identity.id) : query;
}
