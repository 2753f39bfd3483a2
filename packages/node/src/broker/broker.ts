import type { AccountInfo, AuthenticationResult, LoggerOptions } from "@tessera/core";

/** A broker's request. */
export interface NativeRequest {
  clientId: string;
  authority: string;
  correlationId: string;
  redirectUri: string;
  scopes: string[];
  claims?: string;
  authenticationScheme?: string;
  resourceRequestMethod?: string;
  resourceRequestUri?: string;
  shrNonce?: string;
  accountId?: string;
  forceRefresh?: boolean;
  resource?: string;
  extraParameters?: Record<string, string>;
  extraScopesToConsent?: string[];
  loginHint?: string;
  prompt?: string;
}

/** A broker's sign-out request. */
export interface NativeSignOutRequest {
  clientId: string;
  accountId: string;
  correlationId: string;
}

/** MSAL's plugin interface for the operating system's account broker, which is used when it is available. */
export interface INativeBrokerPlugin {
  isBrokerAvailable: boolean;
  setLogger(loggerOptions: LoggerOptions): void;
  getAccountById(accountId: string, correlationId: string): Promise<AccountInfo>;
  getAllAccounts(clientId: string, correlationId: string): Promise<AccountInfo[]>;
  acquireTokenSilent(request: NativeRequest): Promise<AuthenticationResult>;
  acquireTokenInteractive(request: NativeRequest, windowHandle?: Buffer): Promise<AuthenticationResult>;
  signOut(request: NativeSignOutRequest): Promise<void>;
}
