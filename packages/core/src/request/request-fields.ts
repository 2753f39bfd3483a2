import { sha256Base64Url } from "../encoding.js";

/**
 * How a field of a public request affects the identity provider, the cache, and concurrent calls. Cache keys and
 * flight keys are generated from this table (`request-keys.ts`): a field that changes what a token is for is part of
 * both.
 */
export interface RequestField {
  /** The requests that carry the field. */
  readonly sent: readonly Carrier[];
  /** Its part of an access token's cache key, or the reason why it has none. */
  readonly cacheKey: CachePart | Reason;
  /** Its part of the key under which equal calls share one request, or the reason why it has none. */
  readonly flightKey: FlightPart | Reason;
}

/** A request that the library sends, or a URL that it builds. */
export type Carrier = (typeof EVERY_GRANT)[number] | "authorize" | "device_authorization" | "end_session";

/** A part of the cache key: a field of the cached entity, or a named component in addition to those fields. */
export type CachePart =
  | { readonly entity: "environment" | "partition" | "realm" | "target" | "resource" }
  | { readonly component: string; readonly of: (value: unknown) => string | undefined };

/** Reduces a value to the part that must be equal in equal calls. */
export type FlightPart = (value: unknown) => unknown;

type Reason = string;

/**
 * Every grant sent to the token endpoint. `agent` is the one for the token that an agent is asked for; `silent` refreshes
 * the tokens of a cached user.
 */
export const EVERY_GRANT = [
  "agent",
  "authorization_code",
  "client_credentials",
  "device_code",
  "on_behalf_of",
  "password",
  "refresh_token",
  "silent",
  "user_fic",
] as const;

/**
 * Extra parameters that affect the sign-in prompt but not the token: a silent call without them finds the tokens of a
 * sign-in that had them.
 */
const HINTS: ReadonlySet<string> = new Set(["display", "domain_hint", "login_hint", "prompt", "ui_locales"]);

const whole: FlightPart = (value) => value;
const presence: FlightPart = Boolean;
const sorted: FlightPart = (value) => (Array.isArray(value) ? [...(value as unknown[])].sort() : value);

/** One value, or several in any order. */
const alone: FlightPart = (value) =>
  Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : sorted(value);

/** Identifies the user, within a tenant and an issuer. */
const user: FlightPart = (value) => {
  const account = (value ?? {}) as Readonly<Record<string, unknown>>;
  const { homeAccountId, environment, tenantId, localAccountId, nativeAccountId } = account;
  const { iss } = (account["idTokenClaims"] ?? {}) as { readonly iss?: unknown };
  // An account from another library may name its issuer only in its ID token.
  const provider = [environment, account["authorityType"], iss ?? account["idToken"]];
  return [homeAccountId, tenantId, localAccountId, nativeAccountId, ...provider];
};

/** An object id and a user name are the same in capitals. */
const anyCase: FlightPart = (value) => {
  const { objectId, username } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return [objectId, username].map((text) => (typeof text === "string" ? text.toLowerCase() : text));
};

const component = (name: string, of: (value: unknown) => string | undefined = text): CachePart => ({
  component: name,
  of,
});

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Sorted and joined, as sent (see `token-request.ts`). */
function joined(value: unknown): string | undefined {
  return Array.isArray(value) && value.length > 0 ? [...(value as unknown[])].sort().join(" ") : undefined;
}

/** Empty claims do not distinguish tokens. */
function claimsText(value: unknown): string | undefined {
  const claims = text(value);
  return claims && Object.keys(JSON.parse(claims) as object).length > 0 ? claims : undefined;
}

/** A digest, because the app may send values that must not be cached in the clear. */
function digest(value: unknown): string | undefined {
  const entries = Object.entries((value ?? {}) as Readonly<Record<string, unknown>>)
    .filter(([name, one]) => one !== undefined && one !== null && one !== "" && !HINTS.has(name))
    .map(([name, one]) => [name, Array.isArray(one) ? one.map(String) : String(one)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length > 0 ? sha256Base64Url(JSON.stringify(entries)) : undefined;
}

const ALL = [...EVERY_GRANT, "authorize", "device_authorization"] as const;
const CODE = ["authorization_code"] as const;
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

/** Every field of every public request. */
export const REQUEST_FIELDS = {
  account: {
    sent: ["authorize", "end_session", "silent"],
    cacheKey: { entity: "partition" },
    flightKey: user,
  },
  agentId: { sent: ["agent"], cacheKey: { entity: "partition" }, flightKey: whole },
  assertion: { sent: ["user_fic"], cacheKey: PROOF, flightKey: whole },
  attributeTokens: { sent: EVERY_GRANT, cacheKey: component("attribute_tokens", joined), flightKey: sorted },
  authenticationScheme: { sent: [], cacheKey: "anything but Bearer is refused", flightKey: whole },
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
  httpMethod: browserOnly,
  idTokenHint: { sent: ["end_session"], cacheKey: "yields no token", flightKey: UNSHARED },
  loginHint: hint,
  logoutHint: { sent: ["end_session"], cacheKey: "yields no token", flightKey: UNSHARED },
  maxAge: { sent: URL, cacheKey: CHECKED, flightKey: whole },
  nonce: { sent: URL, cacheKey: CHECKED, flightKey: whole },
  oboAssertion: { sent: ["on_behalf_of"], cacheKey: { entity: "partition" }, flightKey: whole },
  onDeviceCode: { sent: [], cacheKey: DISPLAY, flightKey: presence },
  openBrowser: { sent: [], cacheKey: DISPLAY, flightKey: presence },
  password: { sent: ["password"], cacheKey: PROOF, flightKey: whole },
  platformBroker: browserOnly,
  popKid: brokerOnly,
  popupOriginCheckDone: browserOnly,
  postLogoutRedirectUri: { sent: ["end_session"], cacheKey: "yields no token", flightKey: UNSHARED },
  preferredPort: { sent: [], cacheKey: DISPLAY, flightKey: UNSHARED },
  prompt: hint,
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
  successTemplate: { sent: [], cacheKey: DISPLAY, flightKey: UNSHARED },
  tenantId: { sent: ["agent", "client_credentials"], cacheKey: { entity: "realm" }, flightKey: whole },
  timeout: { sent: [], cacheKey: PER_CALLER, flightKey: UNSHARED },
  timeoutMs: { sent: [], cacheKey: PER_CALLER, flightKey: PER_CALLER },
  user: { sent: ["agent"], cacheKey: { entity: "partition" }, flightKey: anyCase },
  userObjectId: { sent: ["user_fic"], cacheKey: { entity: "partition" }, flightKey: whole },
  username: { sent: ["password", "user_fic"], cacheKey: { entity: "partition" }, flightKey: whole },
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
