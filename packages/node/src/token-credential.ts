import type { AccountInfo, AuthenticationResult, BaseRequest } from "@tessera/core";
import type { ClientCredentialRequest } from "./requests.js";

/** What the Azure SDKs pass to {@link TokenCredential.getToken}. */
export interface GetTokenOptions {
  readonly abortSignal?: AbortSignal;
  /** Claims challenge, JSON text. */
  readonly claims?: string;
  /** Tenant to get the token from. */
  readonly tenantId?: string;
  readonly requestOptions?: { readonly timeout?: number };
}

/** A token as the Azure SDKs take it. */
export interface AccessToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresOnTimestamp: number;
  /** Milliseconds since the epoch. */
  readonly refreshAfterTimestamp?: number;
  readonly tokenType: "Bearer";
}

/** The Azure SDKs' `TokenCredential`. */
export interface TokenCredential {
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken>;
}

/** A confidential client, for its own tokens. */
interface AppTokenSource {
  acquireTokenByClientCredential(request: ClientCredentialRequest): Promise<AuthenticationResult>;
}

/** Any client, for the tokens of a user. */
interface UserTokenSource {
  acquireTokenSilent(
    request: BaseRequest & { readonly scopes: readonly string[]; readonly account: AccountInfo },
  ): Promise<AuthenticationResult>;
}

/**
 * An application as a credential of the Azure SDKs, without the Azure SDKs. Tokens come from the application's cache.
 *
 * @param app a confidential client for its own tokens; any client with an `account` for those of a user
 * @param account the user
 * @param options `authority` of the account, if it is not the application's
 *
 * @example
 * ```ts
 * const secrets = new SecretClient(vaultUrl, tokenCredential(app));
 * ```
 */
export function tokenCredential(app: AppTokenSource): TokenCredential;
export function tokenCredential(
  app: UserTokenSource,
  account: AccountInfo,
  options?: Pick<BaseRequest, "authority">,
): TokenCredential;
export function tokenCredential(
  app: AppTokenSource | UserTokenSource,
  account?: AccountInfo,
  { authority }: Pick<BaseRequest, "authority"> = {},
): TokenCredential {
  return {
    async getToken(scopes, { abortSignal, claims, tenantId, requestOptions } = {}) {
      const request = {
        scopes: typeof scopes === "string" ? [scopes] : scopes,
        ...(authority ? { authority } : {}),
        ...(claims ? { claims } : {}),
        ...(abortSignal ? { signal: abortSignal } : {}),
        ...(requestOptions?.timeout ? { timeoutMs: requestOptions.timeout } : {}),
      };
      const result =
        account && "acquireTokenSilent" in app
          ? await app.acquireTokenSilent({ ...request, account })
          : await (app as AppTokenSource).acquireTokenByClientCredential({
              ...request,
              ...(tenantId ? { tenantId } : {}),
            });
      return {
        token: result.accessToken,
        expiresOnTimestamp: result.expiresOn?.getTime() ?? 0,
        ...(result.refreshOn ? { refreshAfterTimestamp: result.refreshOn.getTime() } : {}),
        tokenType: "Bearer",
      };
    },
  };
}
