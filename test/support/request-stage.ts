import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type AccountInfo,
  type AuthenticationResult,
  type INetworkModule,
  type NetworkRequestOptions,
  type NetworkResponse,
} from "@tessera/node";

export const clientId = "30000000-0000-4000-8000-00000000ca11";
export const tenant = "20000000-0000-4000-8000-00000000c0de";
export const otherTenant = "20000000-0000-4000-8000-0000000000ff";
export const host = "https://login.microsoftonline.com";
export const authority = `${host}/${tenant}`;
export const correlationId = "40000000-0000-4000-8000-000000000001";

/** A tenant that the stage knows by this domain, too. */
export const otherDomain = "fabrikam.example";

/** A request of a user's or an app's, with whatever fields a test gives it. */
export type Fields = Readonly<Record<string, unknown>>;

/** A request as it reached the network. */
export interface Sent {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Two applications of one registration, and an Entra that answers every request with tokens of its own. */
export interface RequestStage {
  readonly app: ConfidentialClientApplication;
  readonly desktop: PublicClientApplication;
  readonly sent: Sent[];
  /** The network, for further applications. */
  readonly networkClient: INetworkModule;
  /** Requests to the token endpoint so far. */
  tokenRequests(): readonly Sent[];
  /** Signs a user in, who then has a refresh token, and no access token but what `fields` say. */
  signIn(app: ConfidentialClientApplication | PublicClientApplication, user: string): Promise<AccountInfo>;
}

export function requestStage(options: { readonly cache?: object } = {}): RequestStage {
  const sent: Sent[] = [];
  let answers = 0;
  const answer = (url: string, body: URLSearchParams): unknown => {
    if (url.startsWith(federationServer)) return atFederationServer(url);
    if (/userrealm\/(grace|bob)/.test(url)) return federatedRealm;
    if (url.includes("userrealm")) return { account_type: "Managed", cloud_instance_name: "public" };
    if (url.includes("devicecode")) {
      const device = { device_code: "device", user_code: "user", verification_uri: `${host}/device` };
      return { ...device, expires_in: 900, interval: 1, message: "go there" };
    }
    if (url.includes("bc-authorize")) return { auth_req_id: "request", expires_in: 900, interval: 1 };
    const segment = new URL(url).pathname.split("/")[1] ?? "";
    const tid = segment === otherDomain ? otherTenant : segment;
    const named = body.get("code") ?? body.get("refresh_token");
    const of = named ?? body.get("user_id") ?? body.get("username") ?? "user";
    // A code names the user, and the nonce of the sign-in after a tilde.
    const [name = "", nonce] = of.split("~");
    const uid = name.startsWith("rt.") ? (name.split(".")[1] ?? "") : name;
    answers += 1;
    const forUser = body.get("grant_type") !== "client_credentials";
    return {
      token_type: "Bearer",
      expires_in: 3600,
      access_token: `token-${answers}`,
      scope: body.get("scope") ?? "",
      ...(forUser ? userTokens(body.get("client_id") ?? "", { uid, tid, nonce }) : {}),
    };
  };
  const send = async <T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> => {
    const { body = "", headers = {} } = options ?? {};
    // The ID of a SOAP message is random.
    sent.push({ url, body: body.replace(/urn:uuid:[^<]+/, "urn:uuid:"), headers });
    // Calls that overlap have all begun before the first of them is answered.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return { status: 200, headers: {}, body: answer(url, new URLSearchParams(body)) as T };
  };
  const networkClient: INetworkModule = {
    sendGetRequestAsync: (url, options) => send(url, options),
    sendPostRequestAsync: (url, options) => send(url, options),
  };
  const clock = { now: () => Date.now(), sleep: async () => undefined };
  const system = { networkClient, clock };
  const { cache } = options;
  const app = new ConfidentialClientApplication({
    auth: { clientId, authority, clientSecret: "a-secret" },
    cache,
    system,
  });
  const desktop = new PublicClientApplication({ auth: { clientId, authority }, cache, system });
  return {
    app,
    desktop,
    sent,
    networkClient,
    tokenRequests: () => sent.filter(({ url }) => url.includes("/oauth2/v2.0/token")),
    signIn: async (signedIn, user) => {
      const { account } = await signedIn.acquireTokenByCode({
        scopes: ["sign-in"],
        code: user,
        redirectUri: "http://localhost",
        storeInCache: { accessToken: false },
      });
      if (!account) throw new Error("nobody has signed in");
      return account;
    },
  };
}

const federationServer = "https://sts.partner.example";
const federatedRealm = {
  account_type: "Federated",
  federation_protocol: "WSTrust",
  federation_metadata_url: `${federationServer}/mex`,
  cloud_audience_urn: "urn:federation:MicrosoftOnline",
};

/** The metadata of an AD FS that takes passwords and Kerberos tickets, and its assertion. */
function atFederationServer(url: string): string {
  const action = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue";
  if (url.endsWith("/mex"))
    return `<definitions><Policy Id="p"><NegotiateAuthentication/><UsernameToken/><TransportBinding/></Policy><binding name="b"><PolicyReference URI="#p"/><operation><operation soapAction="${action}"/></operation></binding><port binding="b"><Address>${federationServer}/windowstransport</Address></port></definitions>`;
  return "<r><TokenType>urn:oasis:names:tc:SAML:1.0:assertion</TokenType><Assertion>grace</Assertion></r>";
}

interface UserOfToken {
  readonly uid: string;
  readonly tid: string;
  readonly nonce: string | undefined;
}

function userTokens(aud: string, { uid, tid, nonce }: UserOfToken): object {
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: `${host}/${tid}/v2.0`,
    aud,
    sub: uid,
    oid: uid,
    tid,
    preferred_username: `${uid}@contoso.example`,
    iat: now,
    exp: now + 3600,
    nonce,
  };
  return {
    id_token: [encoded({ alg: "RS256", kid: "1" }), encoded(claims), "c2lnbmF0dXJl"].join("."),
    client_info: encoded({ uid, utid: tenant }),
    refresh_token: `rt.${uid}.${tid}`,
  };
}

/** What a driver works with. */
export interface Driven extends RequestStage {
  readonly alice: AccountInfo;
}

type Driver = (stage: Driven, fields: Fields) => Promise<AuthenticationResult | null>;
const as = <T>(request: object): T => request as T;
const redirectUri = "http://localhost/signed-in";
const scopes = ["api://one/.default"];
const common = { scopes, correlationId };
const ticket = async (): Promise<string> => Buffer.from("a ticket").toString("base64");

/** The application, where its provider asks users on their devices. */
function withBackchannel(networkClient: INetworkModule): ConfidentialClientApplication {
  const authorityMetadata = JSON.stringify({
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/keys`,
    backchannel_authentication_endpoint: `${authority}/bc-authorize`,
  });
  const clock = { now: () => Date.now(), sleep: async () => undefined };
  return new ConfidentialClientApplication({
    auth: { clientId, authority, clientSecret: "a-secret", authorityMetadata },
    system: { networkClient, clock },
  });
}

/** One call for each grant: what it takes at least, and what a test adds to that. */
export const drivers = {
  agent: ({ app }, fields) =>
    app.acquireTokenForAgent(as({ ...common, agentId: "an-agent", user: { objectId: "oid" }, ...fields })),
  authorization_code: ({ app }, fields) =>
    app.acquireTokenByCode(as({ ...common, code: "alice", redirectUri, ...fields })),
  backchannel_authentication: ({ networkClient }, fields) =>
    withBackchannel(networkClient).acquireTokenByBackchannelAuthentication(
      // Only one hint may name the user.
      as({
        ...common,
        ...("loginHintToken" in fields || "idTokenHint" in fields ? {} : { loginHint: "alice" }),
        ...fields,
      }),
    ),
  client_credentials: ({ app }, fields) => app.acquireTokenByClientCredential(as({ ...common, ...fields })),
  device_code: ({ desktop }, fields) =>
    desktop.acquireTokenByDeviceCode(as({ ...common, deviceCodeCallback: () => undefined, ...fields })),
  integrated_windows: ({ desktop }, fields) =>
    desktop.acquireTokenByIntegratedWindowsAuth(
      as({ ...common, username: "grace@partner.example", negotiate: ticket, ...fields }),
    ),
  on_behalf_of: ({ app }, fields) =>
    app.acquireTokenOnBehalfOf(as({ ...common, oboAssertion: "an-assertion", ...fields })),
  password: ({ app }, fields) =>
    app.acquireTokenByUsernamePassword(as({ ...common, username: "alice", password: "secret", ...fields })),
  refresh_token: ({ app }, fields) =>
    app.acquireTokenByRefreshToken(as({ ...common, refreshToken: "rt.alice.x", ...fields })),
  silent: ({ app, alice }, fields) => app.acquireTokenSilent(as({ ...common, account: alice, ...fields })),
  token_exchange: ({ app }, fields) => {
    const exchange = {
      subjectToken: "a-subject",
      subjectTokenType: "jwt",
      actorToken: "one",
      actorTokenType: "saml2",
    };
    return app.acquireTokenByTokenExchange(as({ ...common, ...exchange, ...fields }));
  },
  user_fic: ({ app }, fields) =>
    app.acquireTokenByUserFederatedIdentityCredential(
      as({ ...common, assertion: "instance", userObjectId: "oid", ...fields }),
    ),
} satisfies Readonly<Record<string, Driver>>;
