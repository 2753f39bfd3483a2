import type { AadstsRow } from "./aadsts-row.js";

/** Errors about the request: its parameters, its scopes and its tenant. */
export const requestErrors = {
  28000: [
    "invalid_request",
    "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope {scope} is not valid.",
  ],
  50011: [
    "invalid_request",
    "The redirect URI '{redirectUri}' specified in the request does not match the redirect URIs configured for the application '{clientId}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how to troubleshoot this error.",
  ],
  50049: ["invalid_instance", "Unknown or invalid instance."],
  50059: [
    "invalid_request",
    "No tenant-identifying information found in either the request or implied by any provided credentials.",
  ],
  50149: ["invalid_request", "Invalid Code_Challenge_method parameter."],
  70003: ["unsupported_grant_type", "The app requested an unsupported grant type '{grantType}'."],
  70011: [
    "invalid_scope",
    "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.",
  ],
  500011: [
    "invalid_resource",
    "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
  ],
  501491: ["invalid_request", "Invalid size of Code_Challenge parameter."],
  650053: [
    "invalid_client",
    "The application '{name}' asked for scope '{scope}' that doesn't exist on the resource '{resource}'. Contact the app vendor.",
  ],
  700054: ["unsupported_response_type", "response_type '{responseType}' is not enabled for the application."],
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
  9001023: [
    "invalid_request",
    "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
  ],
  9010010: [
    "invalid_target",
    "The resource parameter provided in the request doesn't match with the requested scopes.",
  ],
  9002313: ["invalid_request", "Invalid request. Request is malformed or invalid."],
} as const satisfies Readonly<Record<number, AadstsRow>>;
