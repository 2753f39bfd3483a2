import { sha256Base64Url } from "../encoding.js";

/**
 * What each field of every public request means for the identity provider, for the cache and for calls that overlap.
 * Cache keys and flight keys are generated from this table (`request-keys.ts`): a field that changes what a token is for
 * has a part in both.
 */
export interface RequestField {
  /** The requests that carry it. */
  readonly sent: readonly Carrier[];
  /** Its part of an access token's cache key, or why it has none. */
  readonly cacheKey: CachePart | Reason;
  /** Its part of what makes two calls equal, or why it has none. */
  readonly flightKey: FlightPart | Reason;
}

/** A request that the library sends, or a URL that it makes. */
export type Carrier = (typeof EVERY_GRANT)[number] | "authorize" | "device_authorization" | "end_session";

/** A part that is kept in a field of the entity, or, by the name of a component, beside the other parts of its key. */
export type CachePart =
  | { readonly entity: "environment" | "partition" | "realm" | "target" | "resource" }
  | { readonly component: string; readonly of: (value: unknown) => string | undefined };

/** What of a value two equal calls must have in common. */
export type FlightPart = (value: unknown) => unknown;

type Reason = string;

/** Every grant of the token endpoint. `silent` is the refresh of a cached user. */
export const EVERY_GRANT = [
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
 * Extra parameters that say how the user is asked, and nothing about the token: a sign-in with one of them is found by a
 * silent call without it.
 */
const HINTS: ReadonlySet<string> = new Set(["display", "domain_hint", "login_hint", "prompt", "ui_locales"]);

const whole: FlightPart = (value) => value;
const presence: FlightPart = Boolean;
const sorted: FlightPart = (value) => (Array.isArray(value) ? [...(value as unknown[])].sort() : value);

/** One value, or several in any order. */
const alone: FlightPart = (value) =>
  Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : sorted(value);

/** Which user, and as the user of which tenant and issuer. */
const user: FlightPart = (value) => {
  const account = (value ?? {}) as Readonly<Record<string, unknown>>;
  const { homeAccountId, environment, tenantId, localAccountId, nativeAccountId } = account;
  const { iss } = (account["idTokenClaims"] ?? {}) as { readonly iss?: unknown };
  const provider = [environment, account["authorityType"], iss];
  return [homeAccountId, tenantId, localAccountId, nativeAccountId, ...provider];
};

const component = (name: string, of: (value: unknown) => string | undefined = text): CachePart => ({
  component: name,
  of,
});

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** As they are sent (see `token-request.ts`). */
function joined(value: unknown): string | undefined {
  return Array.isArray(value) && value.length > 0 ? [...(value as unknown[])].sort().join(" ") : undefined;
}

/** Claims that ask for nothing do not tell tokens apart. */
function claimsText(value: unknown): string | undefined {
  const claims = text(value);
  return claims && Object.keys(JSON.parse(claims) as object).length > 0 ? claims : undefined;
}

/** A digest: the app may send what must not stand in a cache in clear. */
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

const ASKED = "says how the user is asked, not what for";
const CHECKED = "checked against the answer, not part of the token";
const PROOF = "proves who asks, not what for";
const BROKERED = "goes to the broker, which keeps its own tokens";
const BROWSER = "has no effect outside browsers";
const OWN = "each caller has its own";
const SHOWN = "says what the caller shows";
const UNSHARED = "sign-ins are never shared";

const brokerOnly: RequestField = { sent: [], cacheKey: BROKERED, flightKey: whole };
const browserOnly: RequestField = { sent: [], cacheKey: BROWSER, flightKey: BROWSER };
const hint: RequestField = { sent: URL, cacheKey: ASKED, flightKey: whole };

/** Every field of every public request. */
export const REQUEST_FIELDS = {
  account: {
    sent: ["authorize", "end_session", "silent"],
    cacheKey: { entity: "partition" },
    flightKey: user,
  },
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
    sent: ["client_credentials"],
    cacheKey: "every region issues the same token",
    flightKey: whole,
  },
  cancel: { sent: [], cacheKey: OWN, flightKey: UNSHARED },
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
  correlationId: { sent: [...ALL], cacheKey: OWN, flightKey: OWN },
  deviceCodeCallback: { sent: [], cacheKey: SHOWN, flightKey: UNSHARED },
  domainHint: hint,
  dpopJkt: brokerOnly,
  earJwk: browserOnly,
  embeddedClientId: brokerOnly,
  enableSpaAuthorizationCode: {
    sent: CODE,
    cacheKey: "brings a second code, which is not kept",
    flightKey: whole,
  },
  errorTemplate: { sent: [], cacheKey: SHOWN, flightKey: UNSHARED },
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
  extraScopesToConsent: { sent: URL, cacheKey: ASKED, flightKey: whole },
  fmiPath: { sent: ["client_credentials"], cacheKey: component("fmi_path"), flightKey: whole },
  forceCache: { sent: [], cacheKey: "says whether to keep the tokens", flightKey: whole },
  forceRefresh: { sent: [], cacheKey: "never answered from the cache", flightKey: whole },
  httpMethod: browserOnly,
  idTokenHint: { sent: ["end_session"], cacheKey: "brings no token", flightKey: UNSHARED },
  loginHint: hint,
  logoutHint: { sent: ["end_session"], cacheKey: "brings no token", flightKey: UNSHARED },
  maxAge: { sent: URL, cacheKey: CHECKED, flightKey: whole },
  nonce: { sent: URL, cacheKey: CHECKED, flightKey: whole },
  oboAssertion: { sent: ["on_behalf_of"], cacheKey: { entity: "partition" }, flightKey: whole },
  onDeviceCode: { sent: [], cacheKey: SHOWN, flightKey: presence },
  openBrowser: { sent: [], cacheKey: SHOWN, flightKey: presence },
  password: { sent: ["password"], cacheKey: PROOF, flightKey: whole },
  platformBroker: browserOnly,
  popKid: brokerOnly,
  popupOriginCheckDone: browserOnly,
  postLogoutRedirectUri: { sent: ["end_session"], cacheKey: "brings no token", flightKey: UNSHARED },
  preferredPort: { sent: [], cacheKey: SHOWN, flightKey: UNSHARED },
  prompt: hint,
  redirectUri: {
    sent: ["authorization_code", "authorize", "refresh_token", "silent"],
    cacheKey: "says where the answer goes",
    flightKey: whole,
  },
  refreshToken: { sent: ["refresh_token"], cacheKey: PROOF, flightKey: whole },
  refreshTokenExpirationOffsetSeconds: {
    sent: [],
    cacheKey: "is about the refresh token",
    flightKey: whole,
  },
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
  signal: { sent: [], cacheKey: OWN, flightKey: OWN },
  skipBrokerClaims: brokerOnly,
  skipCache: { sent: [], cacheKey: "never answered from the cache", flightKey: whole },
  sshJwk: brokerOnly,
  sshKid: brokerOnly,
  state: { sent: ["authorize", "end_session"], cacheKey: CHECKED, flightKey: whole },
  storeInCache: { sent: [], cacheKey: "says whether to keep the tokens", flightKey: whole },
  successTemplate: { sent: [], cacheKey: SHOWN, flightKey: UNSHARED },
  tenantId: { sent: ["client_credentials"], cacheKey: { entity: "realm" }, flightKey: whole },
  timeout: { sent: [], cacheKey: OWN, flightKey: UNSHARED },
  timeoutMs: { sent: [], cacheKey: OWN, flightKey: OWN },
  userObjectId: { sent: ["user_fic"], cacheKey: { entity: "partition" }, flightKey: whole },
  username: { sent: ["password", "user_fic"], cacheKey: { entity: "partition" }, flightKey: whole },
  windowHandle: { sent: [], cacheKey: SHOWN, flightKey: UNSHARED },
} as const satisfies Readonly<Record<string, RequestField>>;
