import { AuthError } from "@tessera/core";

/** Codes of {@link ManagedIdentityError}s. */
export const ManagedIdentityErrorCodes = {
  invalidFileExtension: "invalid_file_extension",
  invalidFilePath: "invalid_file_path",
  /** More than one id is given, or an id of a type that the host does not know. */
  invalidManagedIdentityIdType: "invalid_managed_identity_id_type",
  invalidSecret: "invalid_secret",
  platformNotSupported: "platform_not_supported",
  unableToCreateCloudShell: "unable_to_create_cloud_shell",
  unableToReadSecretFile: "unable_to_read_secret_file",
  userAssignedManagedIdentityNotConfirmed: "user_assigned_managed_identity_not_confirmed",
  wwwAuthenticateHeaderMissing: "www_authenticate_header_missing",
  wwwAuthenticateHeaderUnsupportedFormat: "www_authenticate_header_unsupported_format",
  azurePodIdentityAuthorityHostUrlMalformed: "azure_pod_identity_authority_host_url_malformed",
  identityEndpointUrlMalformed: "identity_endpoint_url_malformed",
  imdsEndpointUrlMalformed: "imds_endpoint_url_malformed",
  msiEndpointUrlMalformed: "msi_endpoint_url_malformed",
} as const;
/** Every code in {@link ManagedIdentityErrorCodes}. */
export type ManagedIdentityErrorCode =
  (typeof ManagedIdentityErrorCodes)[keyof typeof ManagedIdentityErrorCodes];

/** The host's managed identity cannot be used: its environment, its challenge, or the requested identity is not valid. */
export class ManagedIdentityError extends AuthError {
  /** Creates an error. The library creates them; an app does so in its tests. */
  constructor(errorCode: string, correlationId: string, errorMessage?: string) {
    super(errorCode, correlationId, errorMessage);
    this.name = "ManagedIdentityError";
  }
}

/** Creates a {@link ManagedIdentityError}. */
export function managedIdentityError(
  code: ManagedIdentityErrorCode,
  message: string,
  correlationId = "",
): ManagedIdentityError {
  return new ManagedIdentityError(code, correlationId, message);
}
