import {
  checkedRegistration,
  clientConfigurationError,
  deleteRegistration,
  readRegistration,
  register,
  requireKnownOptions,
  requireRecord,
  updateRegistration,
  type ClientRegistration,
  type RegistrationMetadata,
} from "@tessera/core/internal";
import type { NodeAuthOptions } from "./configuration.js";
import { CALL_OPTIONS, withoutApplication, type CallOptions, type Purpose } from "./without-application.js";

/** Options of every call that concerns a registration. */
export interface RegistrationOptions extends CallOptions {}

/** Options of {@link registerClient}. */
export interface RegisterClientOptions extends RegistrationOptions {
  /** The issuer. */
  readonly authority: string;
  /** Metadata of the client, with the names of RFC 7591 §2. */
  readonly metadata: RegistrationMetadata;
  /** Token that lets the caller register clients, if the provider requires one. */
  readonly initialAccessToken?: string;
}

/** Options of {@link readClientRegistration} and {@link deleteClientRegistration}. */
export interface ManageRegistrationOptions extends RegistrationOptions {
  readonly registration: ClientRegistration;
}

/** Options of {@link updateClientRegistration}. */
export interface UpdateRegistrationOptions extends ManageRegistrationOptions {
  /** All metadata of the client: what is left out is deleted or set to its default. */
  readonly metadata: RegistrationMetadata;
}

/**
 * Registers a client at an OpenID Provider. Store the result as a secret, and configure the application with {@link
 * registeredClient}.
 *
 * @throws ServerError `invalid_redirect_uri`, `invalid_client_metadata`, `invalid_token`, …; ClientAuthError
 * `openid_config_error` when the provider registers no clients, `invalid_registration_response`
 * @see RFC 7591
 * @example
 * ```ts
 * const metadata = { client_name: "Orders", redirect_uris: [redirectUri] };
 * const registration = await registerClient({ authority: issuer, metadata });
 * const app = new ConfidentialClientApplication({ auth: registeredClient(registration) });
 * ```
 */
export async function registerClient(options: RegisterClientOptions): Promise<ClientRegistration> {
  const given = requireRecord(options, "options", "{ authority, metadata }");
  const known = { ...CALL_OPTIONS, authority: true, metadata: true, initialAccessToken: true } as const;
  requireKnownOptions(given, known, "registerClient");
  const { authority, metadata, initialAccessToken } = given;
  const equal = ["register", authority, metadata, initialAccessToken];
  return withoutApplication(options, { issuer: authority, equal }, (client, call) =>
    register(client, metadata, initialAccessToken, call),
  );
}

/**
 * Reads a registration. The provider may replace the client's secret and the registration's token: store the result.
 *
 * @throws ServerError `invalid_token` when the registration is no longer there; ClientAuthError
 * `invalid_registration_response`
 * @see RFC 7592 §2.1
 * @example
 * ```ts
 * const current = await readClientRegistration({ registration });
 * ```
 */
export async function readClientRegistration(
  options: ManageRegistrationOptions,
): Promise<ClientRegistration> {
  const registration = registrationOf(options);
  return withoutApplication(options, managing("read", registration), (client, call) =>
    readRegistration(client, registration, call),
  );
}

/**
 * Replaces the metadata of a registration. The provider may replace the client's secret and the registration's token:
 * store the result.
 *
 * @throws ServerError `invalid_redirect_uri`, `invalid_client_metadata`, `invalid_token`; ClientAuthError
 * `invalid_registration_response`
 * @see RFC 7592 §2.2
 * @example
 * ```ts
 * const metadata = { ...registration.metadata, client_name: "Orders, new" };
 * const current = await updateClientRegistration({ registration, metadata });
 * ```
 */
export async function updateClientRegistration(
  options: UpdateRegistrationOptions,
): Promise<ClientRegistration> {
  const registration = registrationOf(options);
  return withoutApplication(options, managing("update", registration, options.metadata), (client, call) =>
    updateRegistration(client, registration, options.metadata, call),
  );
}

/**
 * Deletes a registration. Its client can no longer be used.
 *
 * @throws ServerError `invalid_token`, and `unsupported_request` where the provider does not delete registrations
 * @see RFC 7592 §2.3
 * @example
 * ```ts
 * await deleteClientRegistration({ registration });
 * ```
 */
export async function deleteClientRegistration(options: ManageRegistrationOptions): Promise<void> {
  const registration = registrationOf(options);
  return withoutApplication(options, managing("delete", registration), (client, call) =>
    deleteRegistration(client, registration, call),
  );
}

function managing(what: string, registration: ClientRegistration, metadata?: RegistrationMetadata): Purpose {
  const { issuer, registrationClientUri, registrationAccessToken } = registration;
  return { issuer, equal: [what, registrationClientUri, registrationAccessToken, metadata] };
}

/** Metadata of a registration that an application needs to know. */
const APPLIED = [
  "backchannel_token_delivery_mode",
  "id_token_signed_response_alg",
  "request_object_signing_alg",
  "require_pushed_authorization_requests",
  "token_endpoint_auth_method",
] as const satisfies readonly (keyof NonNullable<NodeAuthOptions["clientMetadata"]>)[];

/**
 * Returns the `auth` options of an application for a registered client. Add the key, for a client that signs.
 *
 * @param authority the issuer that the application is for, if it comes from elsewhere: a registration at another issuer is
 * refused
 * @throws ClientConfigurationError `authority_mismatch`
 * @example
 * ```ts
 * const app = new ConfidentialClientApplication({ auth: registeredClient(registration) });
 * ```
 */
export function registeredClient(registration: ClientRegistration, authority?: string): NodeAuthOptions {
  const { issuer, clientId, clientSecret, metadata } = checkedRegistration(registration);
  if (authority !== undefined && authority !== issuer) {
    throw clientConfigurationError(
      "authority_mismatch",
      `The client is registered at ${issuer}, and its credentials belong to that issuer: register it at ${authority} as well.`,
    );
  }
  const isPublic = metadata["token_endpoint_auth_method"] === "none";
  const clientMetadata = Object.fromEntries(
    APPLIED.filter((name) => !(isPublic && name === "token_endpoint_auth_method")).flatMap((name) =>
      metadata[name] === undefined ? [] : [[name, metadata[name]]],
    ),
  );
  return {
    clientId,
    oidcAuthority: issuer,
    ...(clientSecret && !isPublic ? { clientSecret } : {}),
    clientMetadata,
  };
}

/** Checks the options of a call for a registration that there is. */
function registrationOf(options: UpdateRegistrationOptions | ManageRegistrationOptions): ClientRegistration {
  const given = requireRecord(options, "options", "{ registration }");
  const known = { ...CALL_OPTIONS, registration: true, metadata: true } as const;
  requireKnownOptions(given, known, "a client's registration");
  return checkedRegistration(given.registration);
}
