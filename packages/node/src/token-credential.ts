import type { AccountInfo, AuthenticationResult, BaseRequest } from "@tessera/core";
import { AzureCloudInstance, wrongType, type AzureCloudOptions } from "@tessera/core/internal";
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
    request: BaseRequest & {
      readonly scopes: readonly string[];
      readonly account: AccountInfo;
      readonly azureCloudOptions?: AzureCloudOptions;
    },
  ): Promise<AuthenticationResult>;
}

/**
 * An application as a credential for the Azure SDKs, without importing them. Tokens come from the application's cache.
 *
 * @param app a confidential client for its own tokens; any client with an `account` for those of a user
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

/** The authority of a tenant, where the account is known; the application's own cloud must not put another tenant there. */
function inTenant(
  { environment }: AccountInfo,
  tenantId: string | undefined,
): { readonly authority?: string; readonly azureCloudOptions?: AzureCloudOptions } {
  if (!tenantId) return {};
  return {
    authority: `https://${environment}/${encodeURIComponent(tenantId)}`,
    azureCloudOptions: { azureCloudInstance: AzureCloudInstance.None },
  };
}
