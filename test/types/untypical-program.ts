// What programs may write for @azure/msal-node beside the usual: every field assigned, every type named. It is only
// compiled: against the peer, and against Tessera.
import {
  AuthError,
  AzureCloudInstance,
  ConfidentialClientApplication,
  DistributedCachePlugin,
  LogLevel,
  PromptValue,
  PublicClientApplication,
  ResponseMode,
  TokenCacheContext,
  type AccountInfo,
  type AppTokenProviderParameters,
  type AppTokenProviderResult,
  type AuthenticationResult,
  type AuthorizationCodePayload,
  type AuthorizationCodeRequest,
  type AuthorizationUrlRequest,
  type AuthorizeResponse,
  type AzureCloudOptions,
  type BrokerOptions,
  type CacheKVStore,
  type ClientAssertionCallback,
  type ClientCredentialRequest,
  type Configuration,
  type DeviceCodeRequest,
  type IAppTokenProvider,
  type ICacheClient,
  type ICachePlugin,
  type IConfidentialClientApplication,
  type IdTokenClaims,
  type INativeBrokerPlugin,
  type InMemoryCache,
  type InteractiveRequest,
  type INetworkModule,
  type IPartitionManager,
  type IPublicClientApplication,
  type ITokenCache,
  type JsonCache,
  type NetworkRequestOptions,
  type NetworkResponse,
  type NodeAuthOptions,
  type OnBehalfOfRequest,
  type RefreshTokenRequest,
  type SerializedAccessTokenEntity,
  type SerializedAccountEntity,
  type SerializedAppMetadataEntity,
  type SerializedIdTokenEntity,
  type SerializedRefreshTokenEntity,
  type SilentFlowRequest,
  type TokenCache,
  type UserFederatedIdentityCredentialRequest,
  type UsernamePasswordRequest,
  type ValidCacheType,
} from "@azure/msal-node";

declare const account: AccountInfo;
declare const result: AuthenticationResult;
declare const desktop: PublicClientApplication;
const server = new ConfidentialClientApplication({ auth: { clientId: "id", clientSecret: "secret" } });

// The interfaces, for programs that put something else in place of the classes.
export const one: IPublicClientApplication = desktop;
export const other: IConfidentialClientApplication = server;
export const accounts: ITokenCache = desktop.getTokenCache();

/** Fields of all requests. */
function everywhere(
  request:
    | AuthorizationUrlRequest
    | AuthorizationCodeRequest
    | SilentFlowRequest
    | RefreshTokenRequest
    | InteractiveRequest
    | DeviceCodeRequest
    | ClientCredentialRequest
    | OnBehalfOfRequest
    | UserFederatedIdentityCredentialRequest
    | UsernamePasswordRequest,
): void {
  request.scopes = ["User.Read"];
  request.scopes.push("Mail.Read");
  const scopes: string[] = request.scopes;
  request.authority = `https://login.microsoftonline.com/${scopes.length}`;
  request.correlationId = "correlation";
  request.claims = "{}";
  request.resource = "https://mcp.contoso.example";
  request.azureCloudOptions = { azureCloudInstance: AzureCloudInstance.AzureChina };
  request.attributeTokens = ["token"];
  request.attributeTokens.push("more");
  request.embeddedClientId = "client";
  request.shrClaims = "{}";
  request.shrNonce = "nonce";
  request.shrOptions = { header: { kid: "key" } };
  request.sshJwk = "{}";
  request.sshKid = "key";
  request.popKid = "key";
  request.maxAge = 60_000;
  request.scenarioId = "scenario";
  request.httpMethod = "POST";
  request.skipBrokerClaims = true;
}

export function urlRequest(): AuthorizationUrlRequest {
  const request: AuthorizationUrlRequest = { scopes: [], redirectUri: "http://localhost" };
  everywhere(request);
  request.responseMode = ResponseMode.FRAGMENT;
  request.account = account;
  request.codeChallenge = "challenge";
  request.codeChallengeMethod = "S256";
  request.domainHint = "contoso.example";
  request.extraScopesToConsent = ["Mail.Read"];
  request.extraScopesToConsent.push("Mail.Send");
  request.loginHint = "alice@contoso.example";
  const prompts = { first: PromptValue.CONSENT };
  prompts.first = "admin_consent";
  request.prompt = prompts.first;
  request.nonce = "nonce";
  request.sid = "session";
  request.state = "state";
  request.extraQueryParameters = { slice: "test" };
  request.extraParameters = { more: "1" };
  request.platformBroker = false;
  request.earJwk = "{}";
  return request;
}

export function codeRequest(payload: AuthorizationCodePayload): AuthorizationCodeRequest {
  const request: AuthorizationCodeRequest = { scopes: [], redirectUri: "http://localhost", code: "code" };
  everywhere(request);
  request.code = payload.code;
  request.clientInfo = payload.client_info;
  request.codeVerifier = "verifier";
  request.enableSpaAuthorizationCode = true;
  request.ccsCredential = { credential: "alice@contoso.example", type: "UPN" };
  payload.cloud_graph_host_name = "graph.windows.net";
  payload.msgraph_host = "graph.microsoft.com";
  return request;
}

export function silentRequest(): SilentFlowRequest {
  const request: SilentFlowRequest = { scopes: [], account };
  everywhere(request);
  request.account = { ...account };
  request.forceRefresh = true;
  request.redirectUri = "msal://redirect";
  request.refreshTokenExpirationOffsetSeconds = 60;
  request.authenticationScheme = "pop";
  request.resourceRequestMethod = "GET";
  request.resourceRequestUri = "https://api.contoso.example";
  return request;
}

export function otherRequests(): unknown[] {
  const interactive: InteractiveRequest = {
    openBrowser: async (url: string) => {
      process.stdout.write(url);
    },
  };
  interactive.openBrowser = () => Promise.resolve();
  interactive.successTemplate = "<p>done</p>";
  interactive.errorTemplate = "<p>no</p>";
  interactive.windowHandle = Buffer.from("");
  interactive.preferredPort = 3000;
  interactive.redirectUri = "msal://redirect";
  interactive.account = account;
  interactive.prompt = PromptValue.LOGIN;
  interactive.loginHint = "alice@contoso.example";
  interactive.domainHint = "contoso.example";
  interactive.extraScopesToConsent = ["Mail.Read"];
  interactive.nonce = "nonce";
  interactive.state = "state";
  interactive.sid = "session";
  interactive.codeChallenge = "challenge";
  interactive.authenticationScheme = "pop";
  interactive.resourceRequestUri = "https://api.contoso.example";
  const device: DeviceCodeRequest = {
    scopes: [],
    deviceCodeCallback: ({ userCode, verificationUri, message, expiresIn, interval }) => {
      process.stdout.write([userCode, verificationUri, message, expiresIn + interval].join(" "));
    },
  };
  device.deviceCodeCallback = (response) => console.error(response.deviceCode);
  device.cancel = true;
  device.timeout = 60;
  const refresh: RefreshTokenRequest = { scopes: [], refreshToken: "token" };
  refresh.ccsCredential = { credential: account.homeAccountId, type: "home_account_id" };
  refresh.forceCache = true;
  refresh.redirectUri = "http://localhost";
  const app: ClientCredentialRequest = {};
  app.azureRegion = "westeurope";
  app.fmiPath = "agent";
  app.claimsFromClient = "{}";
  app.clientAssertion = async ({ clientId, tokenEndpoint, fmiPath }) =>
    [clientId, tokenEndpoint ?? "", fmiPath ?? ""].join(" ");
  const downstream: OnBehalfOfRequest = { scopes: [], oboAssertion: "assertion", skipCache: true };
  downstream.claimsFromClient = "{}";
  const agent: UserFederatedIdentityCredentialRequest = { scopes: [], assertion: "assertion" };
  agent.userObjectId = "oid";
  agent.clientAssertion = "assertion";
  const password: UsernamePasswordRequest = { scopes: [], username: "alice", password: "password" };
  const all = [interactive, device, refresh, app, downstream, agent, password];
  all.forEach(everywhere);
  return all;
}

export function configured(): Configuration {
  const cloud: AzureCloudOptions = { azureCloudInstance: AzureCloudInstance.None };
  cloud.azureCloudInstance = AzureCloudInstance.AzureUsGovernment;
  cloud.tenant = "contoso.example";
  const auth: NodeAuthOptions = { clientId: "id", azureCloudOptions: cloud };
  auth.clientCertificate = { thumbprint: "0".repeat(40), privateKey: "key" };
  const thumbprint: string | undefined = auth.clientCertificate.thumbprint;
  const known: string | undefined = configured().auth.clientCertificate?.thumbprintSha256 ?? thumbprint;
  const assertion: ClientAssertionCallback = async (config: { clientId: string; tokenEndpoint?: string }) =>
    `${config.clientId} ${known}`;
  void assertion({ clientId: "id" });
  auth.clientAssertion = assertion;
  const broker: BrokerOptions = {};
  broker.nativeBrokerPlugin = plugin;
  return { auth, broker, system: { networkClient: new Network() } };
}

class Network implements INetworkModule {
  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    return this.sendPostRequestAsync<T>(url, options);
  }

  async sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    return { headers: { "x-url": url, ...options?.headers }, status: 200, body: {} as T };
  }
}

const plugin: INativeBrokerPlugin = {
  isBrokerAvailable: true,
  setLogger: ({ loggerCallback }) => loggerCallback?.(LogLevel.Info, "hello", false),
  getAccountById: async (accountId) => ({ ...account, nativeAccountId: accountId }),
  getAllAccounts: async () => [account],
  acquireTokenSilent: async ({ scopes, shrNonce }) => ({ ...result, scopes: [...scopes, shrNonce ?? ""] }),
  acquireTokenInteractive: async ({ prompt }, window) => ({ ...result, code: `${prompt} ${window?.length}` }),
  signOut: async ({ accountId }) => console.error(accountId),
};

const provider: IAppTokenProvider = async (
  parameters: AppTokenProviderParameters,
): Promise<AppTokenProviderResult> => {
  const correlationId: string | undefined = parameters.correlationId;
  const token: AppTokenProviderResult = { accessToken: correlationId ?? "", expiresInSeconds: 3600 };
  token.accessToken = "token";
  token.refreshInSeconds = 1800;
  return token;
};
server.SetAppTokenProvider(provider);
void provider({ tenantId: "tenant", scopes: [] });

export function claimsOf({ idTokenClaims }: AuthenticationResult): (string | undefined)[] {
  const claims: IdTokenClaims = idTokenClaims;
  claims.roles = ["admin"];
  claims.sub = "alice";
  const own = account.idTokenClaims;
  if (own) {
    own.roles = [];
    own["extension_department"] = "sales";
  }
  const department: unknown = own?.["extension_department"];
  return [claims.cnf?.kid, claims.x5c_ca?.[0], claims.home_oid, String(claims.ts), String(department)];
}

class Redis implements ICacheClient {
  get = async (key: string): Promise<string> => key;
  set = async (key: string, value: string): Promise<string> => key + value;
}
class Sessions implements IPartitionManager {
  getKey = async (): Promise<string> => "session";
  extractKey = async (entity: { homeAccountId: string }): Promise<string> => entity.homeAccountId;
}

export async function readCache(cache: TokenCache): Promise<unknown[]> {
  const persistence: ICachePlugin =
    cache.persistence ?? new DistributedCachePlugin(new Redis(), new Sessions());
  await persistence.beforeCacheAccess(new TokenCacheContext(cache, false));
  const found: AccountInfo[] = await cache.getAllAccounts("correlation");
  for (const known of found) await cache.removeAccount(known, "correlation");
  await cache.overwriteCache();
  const json = JSON.parse(cache.serialize()) as JsonCache;
  const user: SerializedAccountEntity | undefined = json.Account["key"];
  const idToken: SerializedIdTokenEntity | undefined = json.IdToken["key"];
  const accessToken: SerializedAccessTokenEntity | undefined = json.AccessToken["key"];
  const refreshToken: SerializedRefreshTokenEntity | undefined = json.RefreshToken["key"];
  const metadata: SerializedAppMetadataEntity | undefined = json.AppMetadata["key"];
  const store: CacheKVStore = cache.getKVStore();
  const values: ValidCacheType[] = Object.values(store);
  return [user?.home_account_id, idToken?.realm, accessToken?.target, refreshToken, metadata, ...values];
}

export const usersOf = ({ accounts: users }: InMemoryCache): string[] =>
  Object.values(users).map(({ homeAccountId, realm }) => homeAccountId + realm);

export function explain(error: unknown, response: AuthorizeResponse): string | undefined {
  if (response.error) return [response.error_description, response.suberror, response.claims].join(" ");
  if (!(error instanceof AuthError)) return undefined;
  error.errorMessage += "!";
  return error.platformBrokerError ? error.platformBrokerError.message : error.errorCode;
}

export class Audited extends PublicClientApplication {
  override async acquireTokenSilent(request: SilentFlowRequest): Promise<AuthenticationResult> {
    const answer = await super.acquireTokenSilent(request);
    answer.scopes.push("seen");
    return answer;
  }

  override acquireTokenInteractive(request: InteractiveRequest): Promise<AuthenticationResult> {
    request.prompt ??= PromptValue.SELECT_ACCOUNT;
    return super.acquireTokenInteractive(request);
  }
}
