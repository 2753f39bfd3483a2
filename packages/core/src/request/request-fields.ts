import {
  alone,
  anyCase,
  claimsText,
  component,
  digest,
  EVERY_GRANT,
  joined,
  presence,
  sorted,
  user,
  whole,
  type RequestField,
} from "./request-field.js";
import { detailsDigest } from "./authorization-details.js";

const ALL = [...EVERY_GRANT, "authorize", "device_authorization"] as const;
/** Every grant but those of an application without a user. */
const OF_USERS = [
  "agent",
  "authorization_code",
  "backchannel_authentication",
  "device_code",
  "integrated_windows",
  "on_behalf_of",
  "password",
  "refresh_token",
  "silent",
  "user_fic",
] as const;
const CODE = ["authorization_code"] as const;
const BACKCHANNEL = ["backchannel_authentication"] as const;
const EXCHANGE = ["token_exchange"] as const;
const URL = ["authorize"] as const;

const PROMPT = "affects the sign-in prompt, not the token";
const CHECKED = "checked against the response, not part of the token";
const PROOF = "proves the caller's identity, does not change the token";
const BROKER = "passed to the broker, which caches its own tokens";
const BROWSER = "browser only";
const PER_CALLER = "specific to each caller";
const DISPLAY = "affects only what the caller displays";
const UNSHARED = "sign-ins are never shared";

const brokerOnly: RequestField = { sent: [], cacheKey: BROKER, flightKey: whole };
const browserOnly: RequestField = { sent: [], cacheKey: BROWSER, flightKey: BROWSER };
const hint: RequestField = { sent: URL, cacheKey: PROMPT, flightKey: whole };

const NO_TOKEN = "yields no token";
const ONE_CALL = "each call asks the provider";

/** Every field of every public request. */
export const REQUEST_FIELDS = {
  accessToken: { sent: ["user_info"], cacheKey: NO_TOKEN, flightKey: ONE_CALL },
  account: {
    sent: ["authorize", "end_session", "silent"],
    cacheKey: { entity: "partition" },
    flightKey: user,
  },
  acrValues: { sent: BACKCHANNEL, cacheKey: CHECKED, flightKey: UNSHARED },
  actorToken: { sent: EXCHANGE, cacheKey: { entity: "partition" }, flightKey: whole },
  actorTokenType: { sent: EXCHANGE, cacheKey: { entity: "partition" }, flightKey: whole },
  agentId: { sent: ["agent"], cacheKey: { entity: "partition" }, flightKey: whole },
  assertion: { sent: ["user_fic"], cacheKey: PROOF, flightKey: whole },
  attributeTokens: { sent: EVERY_GRANT, cacheKey: component("attribute_tokens", joined), flightKey: sorted },
  audience: { sent: EXCHANGE, cacheKey: { entity: "partition" }, flightKey: alone },
  authenticationScheme: { sent: [], cacheKey: { entity: "scheme" }, flightKey: whole },
  authorizationDetails: {
    // A code, also of a device, has its details already. Naming more than the user has granted would be an error.
    sent: ALL.filter((carrier) => carrier !== "authorization_code" && carrier !== "device_code"),
    cacheKey: component("authorization_details", detailsDigest),
    flightKey: detailsDigest,
  },
  authority: { sent: [...ALL, "end_session"], cacheKey: { entity: "environment" }, flightKey: whole },
  azureCloudOptions: {
    sent: [...ALL, "end_session"],
    cacheKey: { entity: "environment" },
    flightKey: whole,
  },
  azureRegion: {
    sent: ["agent", "client_credentials"],
    cacheKey: "all regions issue the same tokens",
    flightKey: whole,
  },
  bindingMessage: { sent: BACKCHANNEL, cacheKey: DISPLAY, flightKey: UNSHARED },
  cancel: { sent: [], cacheKey: PER_CALLER, flightKey: UNSHARED },
  ccsCredential: {
    sent: ["authorization_code", "refresh_token"],
    cacheKey: "routes the request",
    flightKey: whole,
  },
  claims: { sent: ALL, cacheKey: "never answered from the cache", flightKey: whole },
  claimsFromClient: {
    sent: EVERY_GRANT,
    cacheKey: component("client_claims", claimsText),
    flightKey: whole,
  },
  client: { sent: [], cacheKey: "chooses the client at another server", flightKey: whole },
  clientAssertion: { sent: ["client_credentials", "user_fic"], cacheKey: PROOF, flightKey: whole },
  clientInfo: { sent: CODE, cacheKey: "routes the request", flightKey: whole },
  code: { sent: CODE, cacheKey: PROOF, flightKey: whole },
  codeChallenge: hint,
  codeChallengeMethod: hint,
  codeVerifier: { sent: CODE, cacheKey: PROOF, flightKey: whole },
  correlationId: { sent: [...ALL], cacheKey: PER_CALLER, flightKey: PER_CALLER },
  deviceCodeCallback: { sent: [], cacheKey: DISPLAY, flightKey: UNSHARED },
  domainHint: hint,
  dpopJkt: brokerOnly,
  earJwk: browserOnly,
  embeddedClientId: brokerOnly,
  enableSpaAuthorizationCode: {
    sent: CODE,
    cacheKey: "requests a second code, which is not cached",
    flightKey: whole,
  },
  errorTemplate: { sent: [], cacheKey: DISPLAY, flightKey: UNSHARED },
  excludeScopes: {
    sent: [...OF_USERS, "authorize", "device_authorization"],
    cacheKey: "a token is found by the scopes that were asked for",
    flightKey: sorted,
  },
  extraParameters: {
    sent: EVERY_GRANT,
    cacheKey: component("extra_parameters", digest),
    flightKey: whole,
  },
  extraQueryParameters: {
    sent: [...ALL, "end_session"],
    cacheKey: component("extra_query_parameters", digest),
    flightKey: whole,
  },
  extraScopesToConsent: { sent: URL, cacheKey: PROMPT, flightKey: whole },
  fmiPath: { sent: ["client_credentials"], cacheKey: component("fmi_path"), flightKey: whole },
  forceCache: { sent: [], cacheKey: "decides whether the tokens are cached", flightKey: whole },
  forceRefresh: { sent: [], cacheKey: "never answered from the cache", flightKey: whole },
  grantType: { sent: EXCHANGE, cacheKey: { entity: "partition" }, flightKey: whole },
  httpMethod: browserOnly,
  idToken: { sent: [], cacheKey: { entity: "partition" }, flightKey: whole },
  idTokenHint: {
    sent: ["backchannel_authentication", "end_session"],
    cacheKey: "the response names the user",
    flightKey: UNSHARED,
  },
  iss: { sent: [], cacheKey: NO_TOKEN, flightKey: ONE_CALL },
  loginHint: { ...hint, sent: ["authorize", "backchannel_authentication"] },
  loginHintToken: { sent: BACKCHANNEL, cacheKey: "the response names the user", flightKey: UNSHARED },
  logoutHint: { sent: ["end_session"], cacheKey: NO_TOKEN, flightKey: UNSHARED },
  logoutToken: { sent: [], cacheKey: NO_TOKEN, flightKey: ONE_CALL },
  maxAge: { sent: URL, cacheKey: CHECKED, flightKey: whole },
  negotiate: { sent: ["integrated_windows"], cacheKey: PROOF, flightKey: whole },
  nonce: { sent: URL, cacheKey: CHECKED, flightKey: whole },
  oboAssertion: { sent: ["on_behalf_of"], cacheKey: { entity: "partition" }, flightKey: whole },
  onDeviceCode: { sent: [], cacheKey: DISPLAY, flightKey: presence },
  openBrowser: { sent: [], cacheKey: DISPLAY, flightKey: presence },
  password: { sent: ["password"], cacheKey: PROOF, flightKey: whole },
  platformBroker: browserOnly,
  popKid: brokerOnly,
  popupOriginCheckDone: browserOnly,
  postLogoutRedirectUri: { sent: ["end_session"], cacheKey: NO_TOKEN, flightKey: UNSHARED },
  preferredPort: { sent: [], cacheKey: DISPLAY, flightKey: UNSHARED },
  prompt: hint,
  realm: { sent: ["password"], cacheKey: "chooses where the password is checked", flightKey: whole },
  redirectUri: {
    sent: ["authorization_code", "authorize", "refresh_token", "silent"],
    cacheKey: "decides where the response is sent",
    flightKey: whole,
  },
  refreshToken: { sent: ["refresh_token"], cacheKey: PROOF, flightKey: whole },
  refreshTokenExpirationOffsetSeconds: {
    sent: [],
    cacheKey: "concerns only the refresh token",
    flightKey: whole,
  },
  refusedToken: { sent: [], cacheKey: "names a rejected token", flightKey: whole },
  renewalMarginSeconds: { sent: [], cacheKey: "limits the age of a token", flightKey: whole },
  reqCnf: browserOnly,
  requestedExpiry: { sent: BACKCHANNEL, cacheKey: DISPLAY, flightKey: UNSHARED },
  requestedTokenType: { sent: EXCHANGE, cacheKey: { entity: "partition" }, flightKey: whole },
  resource: { sent: ALL, cacheKey: { entity: "resource" }, flightKey: alone },
  resourceRequestMethod: brokerOnly,
  resourceRequestUri: brokerOnly,
  responseMode: hint,
  responseType: hint,
  scenarioId: brokerOnly,
  scopes: { sent: ALL, cacheKey: { entity: "target" }, flightKey: sorted },
  sessionKey: { sent: [], cacheKey: { entity: "partition" }, flightKey: whole },
  shrClaims: brokerOnly,
  shrNonce: brokerOnly,
  shrOptions: brokerOnly,
  sid: hint,
  signal: { sent: [], cacheKey: PER_CALLER, flightKey: PER_CALLER },
  skipBrokerClaims: brokerOnly,
  skipCache: { sent: [], cacheKey: "never answered from the cache", flightKey: whole },
  sshJwk: brokerOnly,
  sshKid: brokerOnly,
  state: { sent: ["authorize", "end_session"], cacheKey: CHECKED, flightKey: whole },
  storeInCache: { sent: [], cacheKey: "decides whether the tokens are cached", flightKey: whole },
  subjectToken: { sent: EXCHANGE, cacheKey: { entity: "partition" }, flightKey: whole },
  subjectTokenType: { sent: EXCHANGE, cacheKey: { entity: "partition" }, flightKey: whole },
  successTemplate: { sent: [], cacheKey: DISPLAY, flightKey: UNSHARED },
  tenantId: { sent: ["agent", "client_credentials"], cacheKey: { entity: "realm" }, flightKey: whole },
  timeout: { sent: [], cacheKey: PER_CALLER, flightKey: UNSHARED },
  timeoutMs: { sent: [], cacheKey: PER_CALLER, flightKey: PER_CALLER },
  token: { sent: ["introspection", "revocation"], cacheKey: NO_TOKEN, flightKey: ONE_CALL },
  tokenTypeHint: { sent: ["introspection", "revocation"], cacheKey: NO_TOKEN, flightKey: ONE_CALL },
  useNonce: { sent: URL, cacheKey: CHECKED, flightKey: whole },
  useOnce: { sent: [], cacheKey: NO_TOKEN, flightKey: ONE_CALL },
  usePkce: { sent: URL, cacheKey: PROOF, flightKey: whole },
  user: { sent: ["agent"], cacheKey: { entity: "partition" }, flightKey: anyCase },
  userCode: { sent: BACKCHANNEL, cacheKey: PROOF, flightKey: UNSHARED },
  userObjectId: { sent: ["user_fic"], cacheKey: { entity: "partition" }, flightKey: whole },
  username: {
    sent: ["integrated_windows", "password", "user_fic"],
    cacheKey: { entity: "partition" },
    flightKey: whole,
  },
  windowHandle: { sent: [], cacheKey: DISPLAY, flightKey: UNSHARED },
} as const satisfies Readonly<Record<string, RequestField>>;

/** Fields that choose a token or user. An empty text is rejected, because omitting the field chooses another one. */
export const CHOOSERS: ReadonlySet<string> = new Set<keyof typeof REQUEST_FIELDS>([
  ...([
    "agentId",
    "authority",
    "azureRegion",
    "fmiPath",
    "resource",
    "sessionKey",
    "tenantId",
    "userObjectId",
  ] as const),
]);
