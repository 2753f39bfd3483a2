import type { AadstsRow } from "./aadsts-row.js";

/** Errors about a user, a sign-in, or a code, token or assertion issued for one. */
export const userErrors = {
  16000: [
    "interaction_required",
    "Either multiple user identities are available for the current request or selected account is not supported for the scenario.",
  ],
  50008: ["invalid_grant", "SAML token is invalid. {detail}"],
  50013: [
    "invalid_grant",
    "Assertion failed signature validation. [Reason - The key was not found., Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app.]",
  ],
  50020: [
    "interaction_required",
    "User account '{username}' from identity provider '{issuer}' does not exist in tenant '{tenant}' and cannot access the application '{clientId}' in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account.",
  ],
  50034: [
    "invalid_grant",
    "The user account {username} does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory.",
  ],
  50055: ["invalid_grant", "The password is expired.", 400, "user_password_expired"],
  50057: ["invalid_grant", "The user account is disabled."],
  50058: [
    "login_required",
    "A silent sign-in request was sent but no user is signed in. The cookies used to represent the user's session were not sent in the request to Azure AD.",
  ],
  50076: [
    "interaction_required",
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{resource}'.",
    400,
    "basic_action",
  ],
  50126: ["invalid_grant", "Error validating credentials due to invalid username or password."],
  // Stands for B2C's "Forgot your password?", which has a code and text of its own.
  50142: ["access_denied", "The user has to change the password first."],
  50148: [
    "invalid_grant",
    "The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.",
  ],
  50173: [
    "invalid_grant",
    "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '{issued}' and the TokensValidFrom date (before which tokens are not valid) for this user is '{validFrom}'.",
    400,
    "bad_token",
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
  240002: [
    "invalid_grant",
    "Input id_token cannot be used as 'urn:ietf:params:oauth:grant-type:jwt-bearer' grant.",
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
  501481: [
    "invalid_grant",
    "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
  ],
  700005: [
    "invalid_grant",
    "The provided Authorization Code is intended to use against other tenant, thus rejected.",
  ],
  700082: [
    "invalid_grant",
    "The refresh token has expired due to inactivity. The token was issued on {issued} and was inactive for {inactive}.",
  ],
} as const satisfies Readonly<Record<number, AadstsRow>>;
