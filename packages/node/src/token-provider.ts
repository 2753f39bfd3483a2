import type { AccountInfo, AuthenticationResult } from "@tessera/core";
import {
  requestedScopes,
  requireAccount,
  requireKnownOptions,
  requireRecord,
  wrongType,
} from "@tessera/core/internal";
import { freshTokensOf, type ProvidedRequest } from "./fresh-tokens.js";

/** Options of {@link createTokenProvider}. */
export interface TokenProviderOptions {
  /** Scopes of the API; for a managed identity, one: its resource, with or without `/.default`. */
  readonly scopes: string | readonly string[];
  /** The user whose token is provided; without it, the application's own. */
  readonly account?: AccountInfo;
  /** Authority of the token, if it is not the application's. */
  readonly authority?: string;
}

/** Returns an access token, as `azureADTokenProvider` of OpenAI's client and many other clients take one. */
export type TokenProvider = () => Promise<string>;

/** What acquires the tokens: a confidential client, a managed identity, or any client with an account. */
export interface ProvidedApp {
  acquireTokenByClientCredential?(request: ProvidedRequest): Promise<AuthenticationResult>;
  acquireTokenSilent?(request: ProvidedRequest & { account: AccountInfo }): Promise<AuthenticationResult>;
  acquireToken?(request: ProvidedRequest & { resource: string }): Promise<AuthenticationResult>;
}

/**
 * Returns a function that returns an access token, for clients that ask for one with each request: `azureADTokenProvider` of
 * OpenAI's client, or wherever `getBearerTokenProvider` of the Azure SDKs fits. A token that is in memory and fresh takes a
 * fraction of a microsecond; otherwise the application's own method acquires it, with one request for all concurrent callers.
 *
 * @param app a confidential client, a managed identity, or any client with an `account`
 * @returns a function that rejects as `acquireTokenByClientCredential`, `acquireTokenSilent` or `acquireToken` does
 * @throws ClientConfigurationError for scopes or an account that cannot be used, before anything is sent
 *
 * @example
 * ```ts
 * const scopes = ["https://cognitiveservices.azure.com/.default"];
 * const azureADTokenProvider = createTokenProvider(app, { scopes }); // new AzureOpenAI({ azureADTokenProvider, … })
 * const accessToken = await azureADTokenProvider();
 * ```
 */
export function createTokenProvider(app: ProvidedApp, options: TokenProviderOptions): TokenProvider {
  const given = requireRecord(options, "options", "{ scopes, account? }");
  requireKnownOptions(given, { scopes: true, account: true, authority: true }, "createTokenProvider");
  const { scopes, account, authority } = given;
  const request: ProvidedRequest = {
    scopes: [...requestedScopes(typeof scopes === "string" ? [scopes] : scopes, false)],
  };
  if (authority) request.authority = authority;
  if (account) {
    requireAccount(account, "pass one from getAllAccounts() or from an earlier result");
    request.account = { ...account };
  }
  const acquire = acquirerOf(app, request);
  const fresh = freshTokensOf(app, request);
  const acquired = async (): Promise<string> => (await acquire()).accessToken;
  // An `await` in the same function would take a tenth of a cache hit even where nothing is waited for.
  return async () => fresh() ?? acquired();
}

/** Returns what acquires a token that is not in memory. */
function acquirerOf(app: ProvidedApp, request: ProvidedRequest): () => Promise<AuthenticationResult> {
  const { account, scopes, authority } = request;
  const [resource = ""] = scopes;
  const forUser = app?.acquireTokenSilent?.bind(app);
  const forApp = app?.acquireTokenByClientCredential?.bind(app);
  const forIdentity = forUser ? undefined : app?.acquireToken?.bind(app);
  if (account && forUser) return () => forUser({ ...request, account });
  if (!account && forApp) return () => forApp(request);
  if (!account && forIdentity) {
    if (resource === "" || scopes.length > 1 || authority)
      throw wrongType(
        "scopes",
        scopes,
        "the resource of the API alone, without authority, for a managed identity",
      );
    return () => forIdentity({ scopes, resource });
  }
  throw wrongType(
    "app",
    app,
    "a confidential client, a managed identity, or a client and the account of a user",
  );
}
