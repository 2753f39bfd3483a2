import type { AadstsRow } from "./aadsts-row.js";

/** Errors about the client: its registration and its credentials. */
export const clientErrors = {
  50027: ["invalid_request", "JWT token is invalid or malformed.{detail}"],
  50194: [
    "invalid_request",
    "Application '{clientId}'({name}) is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant.",
  ],
  70021: [
    "invalid_client",
    "No matching federated identity record found for presented assertion. Assertion Issuer: '{issuer}'. Assertion Subject: '{subject}'. Assertion Audience: '{audience}'. https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    401,
  ],
  82001: [
    "unauthorized_client",
    "Agentic application '{clientId}' is not permitted to request app-only tokens for resource '{resource}'.",
  ],
  501661: ["invalid_request", "Request to External OIDC endpoint failed. Issuer: '{issuer}'."],
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
} as const satisfies Readonly<Record<number, AadstsRow>>;
