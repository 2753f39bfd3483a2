/**
 * The library's own values of {@link AuthError.errorCode}, grouped as in MSAL. A server's OAuth codes
 * (`invalid_grant`, `invalid_client`, …) are passed through in addition.
 */

/** Codes of plain {@link AuthError}s. */
export const AuthErrorCodes = {
  unexpectedError: "unexpected_error",
  postRequestFailed: "post_request_failed",
} as const;

/** Codes of {@link ClientAuthError}s, which arise while a request is processed. */
export const ClientAuthErrorCodes = {
  clientInfoDecodingError: "client_info_decoding_error",
  clientInfoEmptyError: "client_info_empty_error",
  tokenParsingError: "token_parsing_error",
  nullOrEmptyToken: "null_or_empty_token",
  endpointResolutionError: "endpoints_resolution_error",
  networkError: "network_error",
  /** The answer to an interactive sign-in came in the query, though a form was asked for. */
  loopbackServerQueryResponseNotSupported: "loopback_server_query_response_not_supported",
  openIdConfigError: "openid_config_error",
  hashNotDeserialized: "hash_not_deserialized",
  invalidState: "invalid_state",
  stateMismatch: "state_mismatch",
  stateNotFound: "state_not_found",
  nonceMismatch: "nonce_mismatch",
  multipleMatchingTokens: "multiple_matching_tokens",
  multipleMatchingAppMetadata: "multiple_matching_appMetadata",
  /** An account id matches users of several identity providers. */
  multipleMatchingAccounts: "multiple_matching_accounts",
  requestCannotBeMade: "request_cannot_be_made",
  cannotRemoveEmptyScope: "cannot_remove_empty_scope",
  cannotAppendScopeSet: "cannot_append_scopeset",
  emptyInputScopeSet: "empty_input_scopeset",
  noAccountInSilentRequest: "no_account_in_silent_request",
  invalidCacheRecord: "invalid_cache_record",
  invalidCacheEnvironment: "invalid_cache_environment",
  noAccountFound: "no_account_found",
  noCryptoObject: "no_crypto_object",
  unexpectedCredentialType: "unexpected_credential_type",
  dpopTokenTypeMismatch: "dpop_token_type_mismatch",
  tokenRefreshRequired: "token_refresh_required",
  tokenClaimsCnfRequiredForSignedJwt: "token_claims_cnf_required_for_signedjwt",
  authorizationCodeMissingFromServerResponse: "authorization_code_missing_from_server_response",
  bindingKeyNotRemoved: "binding_key_not_removed",
  endSessionEndpointNotSupported: "end_session_endpoint_not_supported",
  keyIdMissing: "key_id_missing",
  noNetworkConnectivity: "no_network_connectivity",
  userCanceled: "user_canceled",
  methodNotImplemented: "method_not_implemented",
  nestedAppAuthBridgeDisabled: "nested_app_auth_bridge_disabled",
  platformBrokerError: "platform_broker_error",
  resourceParameterRequired: "resource_parameter_required",
  misplacedResourceParam: "misplaced_resource_parameter",
  /** Client credentials were requested from `common`, `organizations` or `consumers`. */
  missingTenantIdError: "missing_tenant_id_error",
  /** A confidential client has no credential, or more than one. */
  invalidClientCredential: "invalid_client_credential",
  /** The client assertion is empty. */
  invalidAssertion: "invalid_assertion",
  /** The metadata of a protected resource are missing, or about another resource. */
  invalidResourceMetadata: "invalid_resource_metadata",
  /** The response to the registration of a client is not valid. */
  invalidRegistrationResponse: "invalid_registration_response",
  /** A backchannel authentication request expired before the user decided. */
  backchannelRequestExpired: "backchannel_request_expired",
  /** `cancel` was set on the backchannel authentication request. */
  backchannelRequestCancelled: "backchannel_request_cancelled",
  /** The device code expired before the user signed in. */
  deviceCodeExpired: "device_code_expired",
  /** `cancel` was set on the device code request. */
  deviceCodePollingCancelled: "device_code_polling_cancelled",
  /** The device authorization response is not valid. */
  deviceCodeUnknownError: "device_code_unknown_error",
  /** The `timeout` of the device code request elapsed. */
  userTimeoutReached: "user_timeout_reached",
  /** Integrated Windows authentication of a user whom no federation server identifies. */
  integratedWindowsAuthNotSupportedForManagedUser: "integrated_windows_auth_not_supported_managed_user",
  /** Integrated Windows authentication: there is no ticket, it was refused, or the authority has no federated users. */
  integratedWindowsAuthenticationFailed: "integrated_windows_authentication_failed",
  /** Home realm discovery did not determine where the user signs in, so no password or ticket was sent. */
  userRealmDiscoveryFailed: "user_realm_discovery_failed",
  /** A federation server refused the password, or its response is not valid. */
  federationError: "federation_error",
  /** No browser is available (CI, SSH, container). */
  noBrowser: "no_browser",
  /** The loopback redirect could not be served. */
  loopbackServerError: "loopback_server_error",
  /** The redirect URI of an interactive request is not on this machine. */
  redirectUriNotSupported: "redirect_uri_not_supported",
  /** A user federated identity credential request lacks its assertion. */
  emptyFicAssertion: "empty_fic_assertion",
  /** Both `userObjectId` and `username` are given. */
  conflictingUserIdentifiers: "conflicting_user_identifiers",
  /** Neither `userObjectId` nor `username` is given. */
  missingUserIdentifier: "missing_user_identifier",
  /** The token endpoint's response is not valid (RFC 6749 §5.1). */
  invalidTokenResponse: "invalid_token_response",
  /** The response to a pushed authorization request is not valid (RFC 9126 §2.2). */
  invalidPushedAuthorizationResponse: "invalid_pushed_authorization_response",
  /** The ID token fails validation (OpenID Connect Core §3.1.3.7). */
  invalidIdToken: "invalid_id_token",
  /** The user info response is not valid, or is about another user (OpenID Connect Core §5.3). */
  invalidUserInfo: "invalid_user_info",
  /** The introspection response is not valid (RFC 7662, RFC 9701). */
  invalidIntrospectionResponse: "invalid_introspection_response",
  /** The authorization response is not valid: a JWT that fails validation (JARM), a parameter that comes twice. */
  invalidAuthorizationResponse: "invalid_authorization_response",
  /** An access token that an API was called with fails validation (RFC 9068 §4). */
  invalidAccessToken: "invalid_access_token",
  /** A logout token or a front-channel logout fails validation. */
  invalidLogoutToken: "invalid_logout_token",
  /** `signal` was aborted. */
  requestAborted: "request_aborted",
  /** `timeoutMs` elapsed. */
  requestTimeout: "request_timeout",
  /** The content from the cache plugin or the app is not a token cache. */
  invalidCacheContent: "invalid_cache_content",
  /** The token store threw an error, which is the cause. */
  cacheStoreFailed: "cache_store_failed",
  /** The user's tokens are not in memory, and `cache.store` cannot be reached. */
  cacheStoreUnavailable: "cache_store_unavailable",
  /** A credential finds no identity where the program runs. */
  credentialUnavailable: "credential_unavailable",
  /** A command-line tool with a signed-in user gives no token. */
  commandLineError: "command_line_error",
} as const;

/** Codes of {@link ClientConfigurationError}s, for invalid configurations and requests. */
export const ClientConfigurationErrorCodes = {
  redirectUriEmpty: "redirect_uri_empty",
  claimsRequestParsingError: "claims_request_parsing_error",
  authorityUriInsecure: "authority_uri_insecure",
  urlParseError: "url_parse_error",
  urlEmptyError: "empty_url_error",
  emptyInputScopesError: "empty_input_scopes_error",
  invalidClaims: "invalid_claims",
  tokenRequestEmpty: "token_request_empty",
  logoutRequestEmpty: "logout_request_empty",
  invalidCodeChallengeMethod: "invalid_code_challenge_method",
  pkceParamsMissing: "pkce_params_missing",
  invalidCloudDiscoveryMetadata: "invalid_cloud_discovery_metadata",
  invalidAuthorityMetadata: "invalid_authority_metadata",
  untrustedAuthority: "untrusted_authority",
  missingSshJwk: "missing_ssh_jwk",
  missingSshKid: "missing_ssh_kid",
  unsupportedAuthenticationScheme: "unsupported_authentication_scheme",
  missingNonceAuthenticationHeader: "missing_nonce_authentication_header",
  invalidAuthenticationHeader: "invalid_authentication_header",
  cannotSetOIDCOptions: "cannot_set_OIDCOptions",
  cannotAllowPlatformBroker: "cannot_allow_platform_broker",
  authorityMismatch: "authority_mismatch",
  invalidRequestMethodForEAR: "invalid_request_method_for_EAR",
  invalidPlatformBrokerConfiguration: "invalid_platform_broker_configuration",
  issuerValidationFailed: "issuer_validation_failed",
  invalidResponseMode: "invalid_response_mode",
  invalidDpopHtm: "invalid_dpop_htm",
  invalidDpopHtu: "invalid_dpop_htu",
  invalidDpopNonce: "invalid_dpop_nonce",
  dpopMissingResourceContext: "dpop_missing_resource_context",
  /** `auth.clientId` is missing or empty. */
  clientIdMissing: "client_id_missing",
  /** A public client was given a credential. */
  publicClientWithCredential: "public_client_with_credential",
  /** A confidential client has `instanceAware`, or the extra query parameter `instance_aware`. */
  unsupportedCcaInstanceAware: "unsupported_cca_instance_aware",
  /** The client certificate cannot be used: its parts do not belong together, it expired, … */
  invalidCertificate: "invalid_certificate",
  /** An option has a value of the wrong type or outside its range. */
  invalidOption: "invalid_option",
  /** The installed Node.js lacks a required feature, or an optional package is not installed. */
  missingDependency: "missing_dependency",
} as const;

/** Codes of {@link InteractionRequiredAuthError}s, raised by the library or sent by servers. */
export const InteractionRequiredAuthErrorCodes = {
  noTokensFound: "no_tokens_found",
  nativeAccountUnavailable: "native_account_unavailable",
  refreshTokenExpired: "refresh_token_expired",
  uiNotAllowed: "ui_not_allowed",
  interactionRequired: "interaction_required",
  consentRequired: "consent_required",
  loginRequired: "login_required",
  badToken: "bad_token",
  interruptedUser: "interrupted_user",
} as const;

type ValueOf<T> = T[keyof T];

/** Every code in {@link ClientAuthErrorCodes}. */
export type ClientAuthErrorCode = ValueOf<typeof ClientAuthErrorCodes>;
/** Every code in {@link ClientConfigurationErrorCodes}. */
export type ClientConfigurationErrorCode = ValueOf<typeof ClientConfigurationErrorCodes>;
/** Every code in {@link InteractionRequiredAuthErrorCodes}. */
export type InteractionRequiredAuthErrorCode = ValueOf<typeof InteractionRequiredAuthErrorCodes>;
