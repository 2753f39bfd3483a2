import type { AccountInfo, AuthenticationResult, BaseRequest } from "@tessera/core";
import { AzureCloudInstance, emptyChoice, wrongType, type AzureCloudOptions } from "@tessera/core/internal";
import type { ClientCredentialRequest } from "./requests.js";

/** Options that the Azure SDKs pass to {@link TokenCredential.getToken}. */
export interface GetTokenOptions {
  readonly abortSignal?: AbortSignal;
  /** Claims challenge, as JSON. */
  readonly claims?: string;
  /** Tenant to acquire the token from. */
  readonly tenantId?: string;
  readonly requestOptions?: { readonly timeout?: number };
}

/** A token in the format of the Azure SDKs. */
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

/** A confidential client, for app-only tokens. */
interface AppTokenSource {
  acquireTokenByClientCredential(request: ClientCredentialRequest): Promise<AuthenticationResult>;
}

/** Any client, for a user's tokens. */
interface UserTokenSource {
  acquireTokenSilent(
    request: BaseRequest & {
      readonly scopes: readonly string[];
      readonly account: AccountInfo;
      readonly azureCloudOptions?: AzureCloudOptions;
    },
  ): Promise<AuthenticationResult>;
}

/**
 * Adapts an application to a credential for the Azure SDKs, without importing them. Tokens are cached by the
 * application.
 *
 * @param app a confidential client for app-only tokens, or any client with an `account` for a user's tokens
 * @param account the user
 * @param options `authority` of the account, if it is not the application's
 *
 * @example
 * ```ts
 * const credential = tokenCredential(app); // new SecretClient(vaultUrl, credential)
 * const { token } = await credential.getToken("https://graph.microsoft.com/.default");
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
  const method = account ? "acquireTokenSilent" : "acquireTokenByClientCredential";
  if (typeof app !== "object" || app === null || typeof Reflect.get(app, method) !== "function")
    throw wrongType("app", app, "a confidential client, or an application with the account of a user");
  return {
    async getToken(scopes, options) {
      const { abortSignal, claims, tenantId, requestOptions } = options ?? {};
      const request = {
        scopes: typeof scopes === "string" ? [scopes] : scopes,
        ...(authority ? { authority } : {}),
        ...(claims ? { claims } : {}),
        ...(abortSignal ? { signal: abortSignal } : {}),
        ...(requestOptions?.timeout ? { timeoutMs: requestOptions.timeout } : {}),
      };
      const result =
        account && "acquireTokenSilent" in app
          ? await app.acquireTokenSilent({ ...request, account, ...inTenant(account, tenantId) })
          : await (app as AppTokenSource).acquireTokenByClientCredential({
              ...request,
              ...(tenantId || tenantId === "" ? { tenantId } : {}),
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

/**
 * Returns the authority of a tenant at the account's provider. The tenant of the application's cloud options must not
 * override it.
 */
function inTenant(
  { environment }: AccountInfo,
  tenantId: string | undefined,
): { readonly authority?: string; readonly azureCloudOptions?: AzureCloudOptions } {
  if (tenantId === "") throw emptyChoice("tenantId");
  if (!tenantId) return {};
  return {
    authority: `https://${environment}/${encodeURIComponent(tenantId)}`,
    azureCloudOptions: { azureCloudInstance: AzureCloudInstance.None },
  };
}
