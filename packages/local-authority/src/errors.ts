import { randomUUID } from "node:crypto";

/** A refusal in Entra's words. Thrown anywhere below an endpoint, which turns it into JSON, a redirect or a page. */
export class AadstsError extends Error {
  constructor(
    readonly code: AadstsCode,
    readonly error: string,
    readonly status: 400 | 401 | 404,
    /** Without the code in front. */
    readonly text: string,
    readonly suberror?: string,
    readonly claims?: string,
  ) {
    super(`AADSTS${code}: ${text}`);
  }
}

/**
 * Makes the error of an AADSTS code.
 *
 * @param values what the `{placeholders}` of the text stand for
 * @param override what differs from the table at the place that refuses
 */
export function refuse(
  code: AadstsCode,
  values: Readonly<Record<string, string>> = {},
  override: { readonly error?: string; readonly suberror?: string; readonly claims?: string } = {},
): AadstsError {
  const [error, text, status = 400, suberror]: Row = table[code];
  const filled = text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
  return new AadstsError(
    code,
    override.error ?? error,
    status,
    filled,
    override.suberror ?? suberror,
    override.claims,
  );
}

/** The ids that tie a response to a log line: both ends quote them. */
export interface Trace {
  /** The client's own `client-request-id`, or one made for it. */
  readonly correlationId: string;
  /** `x-ms-request-id`. */
  readonly traceId: string;
  /** `2024-02-14 02:40:29Z` */
  readonly timestamp: string;
}

/** An id that is no GUID is replaced: it goes back in a header, so not everything can be let through. */
export function createTrace(clientRequestId: string | undefined, milliseconds: number): Trace {
  const isGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientRequestId ?? "");
  return {
    correlationId: isGuid && clientRequestId ? clientRequestId : randomUUID(),
    traceId: randomUUID(),
    timestamp: `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")}Z`,
  };
}

/** The text of an error as Entra sends it: AADSTS code, message, and the ids at the end. */
export function describe(failure: AadstsError, trace: Trace): string {
  const { traceId, correlationId, timestamp } = trace;
  return `${failure.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
}

export function errorUri(failure: AadstsError, url: string): string {
  return `${url}/error?code=${failure.code}`;
}

export type AadstsCode = keyof typeof table;

/** `error`, text, HTTP status (400 when absent), `suberror`. */
type Row = readonly [error: string, text: string, status?: 400 | 401 | 404, suberror?: string];

/** The texts are those of the public reference and of bug reports that quote the service. */
export const table = {
  16000: [
    "interaction_required",
    "Either multiple user identities are available for the current request or selected account is not supported for the scenario.",
  ],
  28000: [
    "invalid_request",
    "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope {scope} is not valid.",
  ],
  50008: ["invalid_grant", "SAML token is invalid. {detail}"],
  50011: [
    "invalid_request",
    "The redirect URI '{redirectUri}' specified in the request does not match the redirect URIs configured for the application '{clientId}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how to troubleshoot this error.",
  ],
  50013: [
    "invalid_grant",
    "Assertion failed signature validation. [Reason - The key was not found., Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app.]",
  ],
  50020: [
    "interaction_required",
    "User account '{username}' from identity provider '{issuer}' does not exist in tenant '{tenant}' and cannot access the application '{clientId}' in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account.",
  ],
  50027: ["invalid_request", "JWT token is invalid or malformed.{detail}"],
  50034: [
    "invalid_grant",
    "The user account {username} does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory.",
  ],
  50049: ["invalid_instance", "Unknown or invalid instance."],
  50055: ["invalid_grant", "The password is expired.", 400, "user_password_expired"],
  50057: ["invalid_grant", "The user account is disabled."],
  50058: [
    "login_required",
    "A silent sign-in request was sent but no user is signed in. The cookies used to represent the user's session were not sent in the request to Azure AD.",
  ],
  50059: [
    "invalid_request",
    "No tenant-identifying information found in either the request or implied by any provided credentials.",
  ],
  50076: [
    "interaction_required",
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{resource}'.",
    400,
    "basic_action",
  ],
  50126: ["invalid_grant", "Error validating credentials due to invalid username or password."],
  // What B2C means by "Forgot your password?"; the text is in its own words.
  50142: ["access_denied", "The user has to change the password first."],
  50148: [
    "invalid_grant",
    "The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.",
  ],
  50149: ["invalid_request", "Invalid Code_Challenge_method parameter."],
  50173: [
    "invalid_grant",
    "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '{issued}' and the TokensValidFrom date (before which tokens are not valid) for this user is '{validFrom}'.",
    400,
    "bad_token",
  ],
  50194: [
    "invalid_request",
    "Application '{clientId}'({name}) is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant.",
  ],
  51004: [
    "invalid_grant",
    "The user account {username} does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory.",
  ],
  53003: [
    "invalid_grant",
    "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    400,
    "message_only",
  ],
  54005: [
    "invalid_grant",
    "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
  ],
  65001: [
    "invalid_grant",
    "The user or administrator has not consented to use the application with ID '{clientId}' named '{name}'. Send an interactive authorization request for this user and resource.",
    400,
    "consent_required",
  ],
  65004: ["access_denied", "User declined to consent to access the app."],
  70000: ["invalid_grant", "Provided grant is invalid or malformed."],
  70003: ["unsupported_grant_type", "The app requested an unsupported grant type '{grantType}'."],
  70008: [
    "invalid_grant",
    "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
  ],
  70016: [
    "authorization_pending",
    "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
  ],
  70018: [
    "bad_verification_code",
    "The provided value for the input parameter 'device_code' is not valid. It is not a code of this authority.",
  ],
  70020: [
    "expired_token",
    "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
  ],
  70021: [
    "invalid_client",
    "No matching federated identity record found for presented assertion. Assertion Issuer: '{issuer}'. Assertion Subject: '{subject}'. Assertion Audience: '{audience}'. https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    401,
  ],
  70011: [
    "invalid_scope",
    "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.",
  ],
  240002: [
    "invalid_grant",
    "Input id_token cannot be used as 'urn:ietf:params:oauth:grant-type:jwt-bearer' grant.",
  ],
  500011: [
    "invalid_resource",
    "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
  ],
  500121: ["access_denied", "Authentication failed during strong authentication request."],
  500131: [
    "invalid_grant",
    "Assertion audience does not match the Client app presenting the assertion. The audience in the assertion was '{audience}' and the expected audience is '{clientId}' or one of the Application Uris of this application with App ID '{clientId}'({name}). The downstream client must request a token for the expected audience (the application that made the OBO request) and this application should use that token as the assertion.",
  ],
  500133: [
    "invalid_grant",
    "Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token. Current time: {now}, expiry time of assertion {expiry}.",
  ],
  500112: [
    "invalid_client",
    "The reply address '{redirectUri}' does not match the reply address '{expected}' provided when requesting Authorization code.",
  ],
  501661: ["invalid_request", "Request to External OIDC endpoint failed. Issuer: '{issuer}'."],
  501481: [
    "invalid_grant",
    "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
  ],
  501491: ["invalid_request", "Invalid size of Code_Challenge parameter."],
  650053: [
    "invalid_client",
    "The application '{name}' asked for scope '{scope}' that doesn't exist on the resource '{resource}'. Contact the app vendor.",
  ],
  700005: [
    "invalid_grant",
    "The provided Authorization Code is intended to use against other tenant, thus rejected.",
  ],
  700016: [
    "unauthorized_client",
    "Application with identifier '{clientId}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
  ],
  700021: [
    "invalid_client",
    "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
    401,
  ],
  700023: [
    "invalid_client",
    "Client assertion audience claim does not match Realm issuer. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
    401,
  ],
  700024: [
    "invalid_client",
    "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {start}, expiry time of assertion {end}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
    401,
  ],
  700025: [
    "invalid_client",
    "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    401,
  ],
  700027: [
    "invalid_client",
    "{summary} [Reason - {reason}, Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{clientId}'. Review the documentation at https://learn.microsoft.com/graph/deployments to determine the corresponding service endpoint.].",
    401,
  ],
  700030: [
    "invalid_client",
    "Invalid certificate - subject name in certificate is not authorized. SubjectNames/SubjectAlternativeNames (up to 10) in token certificate are: {names}.",
    401,
  ],
  700054: ["unsupported_response_type", "response_type '{responseType}' is not enabled for the application."],
  700082: [
    "invalid_grant",
    "The refresh token has expired due to inactivity. The token was issued on {issued} and was inactive for {inactive}.",
  ],
  700211: [
    "invalid_client",
    "No matching federated identity record found for presented assertion issuer '{issuer}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    401,
  ],
  700212: [
    "invalid_client",
    "No matching federated identity record found for presented assertion audience '{audience}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    401,
  ],
  700213: [
    "invalid_client",
    "No matching federated identity record found for presented assertion subject '{subject}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    401,
  ],
  900023: [
    "invalid_request",
    "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.",
  ],
  900144: ["invalid_request", "The request body must contain the following parameter: '{parameter}'."],
  90002: [
    "invalid_request",
    "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
  ],
  90013: ["invalid_request", "Invalid input received from the user."],
  90033: ["temporarily_unavailable", "A transient error has occurred. Please try again."],
  90055: ["temporarily_unavailable", "There are too many incoming requests."],
  1002012: [
    "invalid_scope",
    "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
  ],
  5002738: [
    "invalid_client",
    "Invalid JWT token. '{algorithm}' is not a supported signature algorithm. Supported signing algorithms are: '{supported}'",
    401,
  ],
  7000112: ["unauthorized_client", "Application '{clientId}'({name}) is disabled."],
  7000114: [
    "invalid_grant",
    "Application '{clientId}' is not allowed to make application on-behalf-of calls.",
  ],
  7000215: [
    "invalid_client",
    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{clientId}'.",
    401,
  ],
  7000218: [
    "invalid_client",
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    401,
  ],
  9001023: [
    "invalid_request",
    "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
  ],
  9002313: ["invalid_request", "Invalid request. Request is malformed or invalid."],
} as const satisfies Readonly<Record<number, Row>>;
