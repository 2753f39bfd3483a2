// A program as people write it for @azure/msal-node. It is only compiled: against the peer, and against Tessera.
import {
  AuthError,
  AzureCloudInstance,
  ClientAuthError,
  ClientAuthErrorCodes,
  ClientConfigurationError,
  ConfidentialClientApplication,
  CryptoProvider,
  InteractionRequiredAuthError,
  InteractionRequiredAuthErrorCodes,
  Logger,
  LogLevel,
  PromptValue,
  ProtocolMode,
  PublicClientApplication,
  ResponseMode,
  ServerError,
  version,
  type AccountInfo,
  type AuthenticationResult,
  type AuthorizationCodePayload,
  type AuthorizationCodeRequest,
  type AuthorizationUrlRequest,
  type AzureCloudOptions,
  type CacheOptions,
  type ClientCredentialRequest,
  type Configuration,
  type ICachePlugin,
  type IdTokenClaims,
  type INetworkModule,
  type ISerializableTokenCache,
  type NetworkRequestOptions,
  type NetworkResponse,
  type NodeAuthOptions,
  type NodeSystemOptions,
  type RefreshTokenRequest,
  type SignOutRequest,
  type SilentFlowRequest,
  type TokenCache,
  type TokenCacheContext,
} from "@azure/msal-node";

class FilePlugin implements ICachePlugin {
  private saved = "";

  public async beforeCacheAccess(cacheContext: TokenCacheContext): Promise<void> {
    cacheContext.tokenCache.deserialize(this.saved);
  }

  public async afterCacheAccess(cacheContext: TokenCacheContext): Promise<void> {
    const cache: ISerializableTokenCache = cacheContext.tokenCache;
    if (cacheContext.cacheHasChanged) this.saved = cache.serialize();
  }
}

class FetchNetwork implements INetworkModule {
  async sendGetRequestAsync<T>(
    url: string,
    options?: NetworkRequestOptions,
    timeout?: number,
  ): Promise<NetworkResponse<T>> {
    return this.send(url, { headers: options?.headers, signal: AbortSignal.timeout(timeout ?? 1000) });
  }

  async sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    return this.send(url, { method: "POST", ...options });
  }

  private async send<T>(url: string, init: RequestInit): Promise<NetworkResponse<T>> {
    const response = await fetch(url, init);
    return {
      headers: Object.fromEntries(response.headers),
      body: (await response.json()) as T,
      status: response.status,
    };
  }
}

const cloud: AzureCloudOptions = {
  azureCloudInstance: AzureCloudInstance.AzurePublic,
  tenant: "contoso.example",
};
const auth: NodeAuthOptions = { clientId: "id", authority: "https://login.microsoftonline.com/common" };
auth.clientSecret = "secret";
auth.knownAuthorities = ["login.contoso.example"];
auth.clientCapabilities = ["CP1"];
auth.azureCloudOptions = cloud;
const system: NodeSystemOptions = {
  loggerOptions: {
    loggerCallback(level: LogLevel, message: string, containsPii: boolean) {
      if (!containsPii && level <= LogLevel.Warning) process.stdout.write(message);
    },
    piiLoggingEnabled: false,
    logLevel: LogLevel.Verbose,
  },
  networkClient: new FetchNetwork(),
  protocolMode: ProtocolMode.AAD,
};
const cache: CacheOptions = { cachePlugin: new FilePlugin() };
export const configuration: Configuration = {
  auth,
  system,
  cache,
  telemetry: { application: { appName: "app", appVersion: version } },
};

const server = new ConfidentialClientApplication(configuration);
const desktop = new PublicClientApplication({ auth: { clientId: "id" } });
const tokenCache: TokenCache = server.getTokenCache();
server.setLogger(new Logger(system.loggerOptions ?? {}, "app", "1.0.0"));

export async function startSignIn(session: Record<string, unknown>, account?: AccountInfo): Promise<string> {
  const crypto = new CryptoProvider();
  const { verifier, challenge } = await crypto.generatePkceCodes();
  const request: AuthorizationUrlRequest = {
    scopes: ["User.Read"],
    redirectUri: "http://localhost:3000/redirect",
    responseMode: ResponseMode.FORM_POST,
    prompt: PromptValue.SELECT_ACCOUNT,
    codeChallengeMethod: "S256",
  };
  request.codeChallenge = challenge;
  request.state = crypto.base64Encode(JSON.stringify({ csrf: crypto.createNewGuid() }));
  if (account) request.account = account;
  session["verifier"] = verifier;
  return server.getAuthCodeUrl(request);
}

export async function finishSignIn(body: AuthorizationCodePayload, verifier: string): Promise<string> {
  const request: AuthorizationCodeRequest = {
    scopes: ["User.Read"],
    redirectUri: "http://localhost:3000/redirect",
    code: "",
  };
  request.code = body.code;
  request.codeVerifier = verifier;
  const result: AuthenticationResult = await server.acquireTokenByCode(request, body);
  const claims = result.idTokenClaims as IdTokenClaims;
  const roles: string[] = result.account?.idTokenClaims?.roles ?? [];
  const audience: string | undefined = result.account?.idTokenClaims?.aud;
  const expires: Date | null = result.expiresOn;
  const scopes: string[] = result.scopes;
  const guestTenants = [...(result.account?.tenantProfiles?.values() ?? [])].filter(
    ({ isHomeTenant }) => !isHomeTenant,
  );
  return [
    claims.oid,
    claims.preferred_username,
    ...roles,
    audience,
    expires?.toISOString(),
    ...scopes,
    guestTenants.length,
  ].join(" ");
}

export async function silentThenInteractive(account: AccountInfo): Promise<string | undefined> {
  const request: SilentFlowRequest = { account, scopes: ["User.Read"], forceRefresh: false };
  request.correlationId = "correlation";
  try {
    return (await desktop.acquireTokenSilent(request)).accessToken;
  } catch (error) {
    if (error instanceof InteractionRequiredAuthError) {
      if (error.errorCode === InteractionRequiredAuthErrorCodes.noTokensFound) return undefined;
      request.claims = error.claims;
      return desktop.getAuthCodeUrl({ ...request, redirectUri: "http://localhost" });
    }
    if (error instanceof ClientAuthError && error.errorCode === ClientAuthErrorCodes.networkError)
      return undefined;
    if (error instanceof ServerError)
      throw new Error(`${error.errorNo}: ${error.errorMessage} ${error.subError}`, { cause: error });
    if (error instanceof ClientConfigurationError || error instanceof AuthError)
      throw new Error(error.message, { cause: error });
    throw error;
  }
}

export async function daemon(): Promise<string> {
  const request: ClientCredentialRequest = { scopes: ["https://graph.microsoft.com/.default"] };
  request.skipCache = true;
  request.azureCloudOptions = cloud;
  const result = await server.acquireTokenByClientCredential(request);
  if (!result) throw new Error("no token");
  return result.accessToken;
}

export async function migrate(refreshToken: string): Promise<AccountInfo | null> {
  const request: RefreshTokenRequest = { refreshToken, scopes: [], forceCache: true };
  const result: AuthenticationResult | null = await desktop.acquireTokenByRefreshToken(request);
  return result?.account ?? null;
}

export async function signOut(homeAccountId: string): Promise<void> {
  const account = await tokenCache.getAccountByHomeId(homeAccountId);
  const others: AccountInfo[] = await tokenCache.getAllAccounts();
  if (!account || others.length === 0) return;
  const request: SignOutRequest = { account };
  await desktop.signOut(request);
  await tokenCache.removeAccount(account);
  server.clearCache();
}
