import type { AccountInfo, AuthenticationResult, Logger, TokenCache } from "@tessera/core";
import type { AppTokenProvider } from "./app-token-provider.js";
import type {
  AuthorizationCodeRequest,
  AuthorizationUrlRequest,
  ClientCredentialRequest,
  DeviceCodeRequest,
  InteractiveRequest,
  OnBehalfOfRequest,
  RefreshTokenRequest,
  SignOutRequest,
  SilentFlowRequest,
  UsernamePasswordRequest,
} from "../requests.js";

/** Methods common to MSAL's two application interfaces. */
interface IClientApplication {
  getAuthCodeUrl(request: AuthorizationUrlRequest): Promise<string>;
  acquireTokenByCode(request: AuthorizationCodeRequest): Promise<AuthenticationResult>;
  acquireTokenByRefreshToken(request: RefreshTokenRequest): Promise<AuthenticationResult | null>;
  /** @deprecated See {@link ClientApplication.acquireTokenByUsernamePassword}. */
  acquireTokenByUsernamePassword(request: UsernamePasswordRequest): Promise<AuthenticationResult | null>;
  getTokenCache(): TokenCache;
  getLogger(): Logger;
  setLogger(logger: Logger): void;
  clearCache(): void;
}

/** {@link PublicClientApplication} as declared by MSAL, for apps that substitute their own implementation. */
export interface IPublicClientApplication extends IClientApplication {
  acquireTokenInteractive(request: InteractiveRequest): Promise<AuthenticationResult>;
  acquireTokenSilent(request: SilentFlowRequest): Promise<AuthenticationResult>;
  acquireTokenByDeviceCode(request: DeviceCodeRequest): Promise<AuthenticationResult | null>;
  getAllAccounts(): Promise<AccountInfo[]>;
  signOut(request: SignOutRequest): Promise<void>;
}

/** {@link ConfidentialClientApplication} as declared by MSAL, for apps that substitute their own implementation. */
export interface IConfidentialClientApplication extends IClientApplication {
  acquireTokenSilent(request: SilentFlowRequest): Promise<AuthenticationResult | null>;
  acquireTokenByClientCredential(request: ClientCredentialRequest): Promise<AuthenticationResult | null>;
  acquireTokenOnBehalfOf(request: OnBehalfOfRequest): Promise<AuthenticationResult | null>;
  SetAppTokenProvider(provider: AppTokenProvider): void;
}

/** {@link TokenCache} as declared by MSAL, for apps that substitute their own implementation. */
export interface ITokenCache {
  getAllAccounts(): Promise<AccountInfo[]>;
  getAccountByHomeId(homeAccountId: string): Promise<AccountInfo | null>;
  getAccountByLocalId(localAccountId: string): Promise<AccountInfo | null>;
  removeAccount(account: AccountInfo): Promise<void>;
}
