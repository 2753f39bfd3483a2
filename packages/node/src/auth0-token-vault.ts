import { requireKnownOptions, requireRecord, wrongType } from "@tessera/core/internal";
import type { TokenExchangeRequest } from "./requests.js";

/** Options of {@link auth0TokenVault}. */
export interface Auth0TokenVaultOptions {
  /** Name of the connection in Auth0, such as `google-oauth2`. */
  readonly connection: string;
  /** The user's ID at the connection, if several of its accounts are linked. */
  readonly loginHint?: string;
}

const TYPE = "federated-connection-access-token";

/**
 * Returns the fields of a token exchange with which Auth0's Token Vault issues the access token of a federated connection
 * (Google, GitHub, Slack, …) for a user's Auth0 token.
 *
 * @see https://auth0.com/docs/secure/call-apis-on-users-behalf/token-vault
 * @example
 * ```ts
 * const subject = { subjectToken, subjectTokenType: "access_token" };
 * const google = auth0TokenVault({ connection: "google-oauth2" });
 * const { accessToken } = await app.acquireTokenByTokenExchange({ ...subject, ...google });
 * ```
 */
export function auth0TokenVault(
  options: Auth0TokenVaultOptions,
): Pick<TokenExchangeRequest, "extraParameters" | "grantType" | "requestedTokenType"> {
  const given = requireRecord(options, "options", "{ connection }");
  requireKnownOptions(given, { connection: true, loginHint: true }, "auth0TokenVault");
  const { connection, loginHint } = given;
  if (typeof connection !== "string" || connection === "")
    throw wrongType("connection", connection || undefined, "the name of a connection, such as google-oauth2");
  return {
    grantType: `urn:auth0:params:oauth:grant-type:token-exchange:${TYPE}`,
    requestedTokenType: `http://auth0.com/oauth/token-type/${TYPE}`,
    extraParameters: { connection, ...(loginHint ? { login_hint: loginHint } : {}) },
  };
}
