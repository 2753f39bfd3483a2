// The names that the examples in docstrings use without declaring them. An example may also import what it uses and build
// an application of its own; exports of the example's own package (in core also those of @tessera/node) are imported for it.
import { writeFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type AuthCodeFlow, type Client, type HttpClient } from "@tessera/core";
import { fmiSubject } from "@tessera/local-authority";
import {
  DistributedCachePlugin,
  type AccountInfo,
  type ConfidentialClientApplication,
  type NodeAuthOptions,
  type PublicClientApplication,
  type ClientRegistration,
} from "@tessera/node";
import { exampleProvider } from "./example-provider.js";
import { signInOnDevice } from "./device-sign-in.js";
import { startEntra, type Entra } from "./entra.js";
import { startFakeProvider } from "./fake-provider.js";
import { interactiveUser } from "./interactive-user.js";
import { signIn } from "./sign-in.js";
import { signInWithCode } from "./sign-in-with-code.js";

/** What an example has in scope. Each example gets its own: none sees what another has done. */
export interface ExampleScope {
  /** Client id of the app's registration. */
  readonly clientId: string;
  /** The app's secret. */
  readonly clientSecret: string;
  /** Authority URL of the app's tenant. */
  readonly authority: string;
  /** A redirect URI of the registration. */
  readonly redirectUri: string;
  /** The user `account`, as she types it. */
  readonly username: string;
  readonly password: string;

  /** A confidential client; the user `account` is signed in. */
  readonly app: ConfidentialClientApplication;
  /** A public client; the user `account` is signed in. */
  readonly publicApp: PublicClientApplication;
  /** An agent identity, which proves itself with a token of its blueprint. */
  readonly agent: ConfidentialClientApplication;
  /** Client id of an agent identity whose blueprint is `app`. */
  readonly agentId: string;
  /** A signed-in user. */
  readonly account: AccountInfo;
  /** A confidential client of an OpenID Provider that has every endpoint. */
  readonly oidcApp: ConfidentialClientApplication;
  /** What its provider posts when a user signs out there. */
  readonly logoutToken: string;

  /** `app`, as a client of `@tessera/core`. */
  readonly client: Client;
  /** `agent`, as a client of `@tessera/core`. */
  readonly agentClient: Client;
  /** The session of the user who is being served by a web app. */
  readonly session: WebSession;
  /** The parameters that came to the redirect URI: the response to the sign-in in `session`. */
  readonly query: { readonly code: string; readonly state: string; readonly [name: string]: string };
  /** The access token that this API was called with. */
  readonly oboAssertion: string;
  /** A confidential client of an OpenID Provider that asks users on their devices. */
  readonly openIdApp: ConfidentialClientApplication;
  /** Issuer of a provider that registers clients. */
  readonly issuer: string;
  /** URL of an API that names its authorization servers. */
  readonly resource: string;
  /** A client that it has registered. */
  readonly registration: ClientRegistration;
  /** A token to exchange, at a provider that exchanges tokens. */
  readonly subjectToken: string;
  /** A refresh token from another library. */
  readonly refreshToken: string;
  /** A connected Redis client. */
  readonly redis: {
    get(key: string): Promise<string | null>;
    set(key: string, value: string): Promise<unknown>;
  };
  /** A cache plugin that keeps the tokens of each user in `redis`. */
  readonly cachePlugin: DistributedCachePlugin;
  /** Returns the user's Kerberos ticket for a service. */
  readonly kerberosTicket: (service: string) => Promise<string>;
  /** Opens a URL in the user's browser. */
  readonly openBrowser: (url: string) => Promise<void>;
  /** Shows a line to the user, who follows it if it tells where to enter a device code. */
  readonly console: Console;
}

/** What a web app keeps for a user. */
export interface WebSession {
  /** The sign-in that has begun. */
  readonly flow: AuthCodeFlow;
  /** Its state, its nonce and its PKCE verifier, where the app has made them itself. */
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The user who has signed in. */
  readonly homeAccountId: string;
}

/** The local authority, and everything that examples find around them. */
export interface ExampleStage {
  /** A new scope with the values of some of its names. */
  scope(names: readonly string[]): Promise<ExampleScope>;
  close(): Promise<void>;
}

type Values = {
  readonly [Name in keyof ExampleScope]: () => ExampleScope[Name] | Promise<ExampleScope[Name]>;
};

const redirectUri = "http://localhost:3000/redirect";
const alice = { username: "alice@contoso.example", password: "alice-password" };
const blueprint = {
  clientId: "c0c0c0c0-0000-4000-8000-0000000000a4",
  clientSecret: "contoso-daemon-secret",
};
const webId = "c0c0c0c0-0000-4000-8000-0000000000a1";
const agentId = "c0c0c0c0-0000-4000-8000-0000000000a9";
const KERBEROS_TICKET = Buffer.from("a ticket").toString("base64");
const exchange = ["api://AzureADTokenExchange/.default"];

/** Starts the local authority over plain HTTP: an example's own application need not trust a certificate. */
export async function startExampleStage(): Promise<ExampleStage> {
  const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
  const entra = await startEntra({
    http: true,
    acceptTicket: ({ token }) => (token === KERBEROS_TICKET ? "grace@corp.contoso.example" : undefined),
    tenants: [
      {
        domain: "contoso.example",
        federation: { domain: "corp.contoso.example" },
        apps: [
          {
            clientId: agentId,
            name: "Agent",
            // Of the blueprint that `agent` has, and of `app`.
            federatedCredentials: [blueprint.clientId, webId].map((id) => ({
              subject: fmiSubject(tenantId, id, agentId),
            })),
          },
        ],
      },
    ],
  });
  const openId = await startFakeProvider();
  openId.answers.discovery = () => ({
    body: openId.metadata({
      backchannel_authentication_endpoint: `${openId.url}/backchannel`,
      registration_endpoint: `${openId.url}/register`,
    }),
  });
  openId.answers.backchannel = () => ({ body: { auth_req_id: "a-request", expires_in: 60 } });
  openId.answers.registration = () => ({ body: { client_id: "registered", client_secret: "a-secret" } });
  const restore = await prepareSurroundings();
  const signedIn = {
    confidential: await signedInCache(entra, entra.confidential()),
    public: await signedInCache(entra, entra.publicClient()),
  };
  return {
    scope: async (names) => {
      const clock = { now: () => openId.clock.now(), sleep: async () => undefined };
      const openIdApp = (): ConfidentialClientApplication => openId.confidential({ system: { clock } });
      const values: Values = {
        ...valuesOf(entra, signedIn),
        openIdApp,
        issuer: () => openId.url,
        resource: () => `${openId.url}/api`,
        registration: () => ({
          issuer: openId.url,
          clientId: "registered",
          clientSecret: "a-secret",
          registrationAccessToken: "a-token",
          registrationClientUri: `${openId.url}/register`,
          metadata: {},
        }),
      };
      const entries = Object.entries(values)
        .filter(([name]) => names.includes(name))
        .map(async ([name, make]) => [name, await make()] as const);
      return Object.fromEntries(await Promise.all(entries)) as unknown as ExampleScope;
    },
    close: async () => {
      await restore();
      await openId.close();
      await entra.close();
    },
  };
}

async function signedInCache(
  entra: Entra,
  app: ConfidentialClientApplication | PublicClientApplication,
): Promise<string> {
  await signInWithCode(entra, app, ["User.Read"], alice.username);
  return app.getTokenCache().serialize();
}

function valuesOf(
  entra: Entra,
  signedIn: { readonly confidential: string; readonly public: string },
): Omit<Values, "issuer" | "openIdApp" | "registration" | "resource"> {
  const { auth } = entra.configuration("confidential");
  const { clientId, clientSecret = "", authority = "" } = auth;
  const user = deviceUser(entra);
  const clock = { now: entra.clock.now, sleep: user.sleep };

  const app = once(() => {
    const made = entra.confidential();
    made.getTokenCache().deserialize(signedIn.confidential);
    return made;
  });
  const client = once(() => {
    const credential = { kind: "secret", secret: clientSecret } as const;
    const made = createClient({ clientId, authority, credential, http: fetchClient, clock });
    made.cache.deserialize(signedIn.confidential);
    return made;
  });
  const provider = once(() => exampleProvider(clock));
  const account = once(async () => {
    const [found] = await app().getAllAccounts();
    if (!found) throw new Error("nobody is signed in");
    return found;
  });
  const session = once(async (): Promise<WebSession> => {
    const flow = await app().initiateAuthCodeFlow({ scopes: ["User.Read"], redirectUri });
    const { state, nonce, codeVerifier: verifier } = flow;
    return { flow, state, nonce, verifier, homeAccountId: (await account()).homeAccountId };
  });
  /** Proves the agent with a token of its blueprint. */
  const clientAssertion = async (): Promise<string> => {
    const parent = entra.confidential({ auth: blueprint });
    const request = { scopes: exchange, fmiPath: agentId };
    return (await parent.acquireTokenByClientCredential(request)).accessToken;
  };

  return {
    clientId: () => clientId,
    clientSecret: () => String(clientSecret),
    agentId: () => agentId,
    authority: () => authority,
    redirectUri: () => redirectUri,
    username: () => alice.username,
    password: () => alice.password,
    app,
    publicApp: () => {
      const { system } = entra.configuration("public");
      const made = entra.publicClient({ system: { ...system, clock } });
      made.getTokenCache().deserialize(signedIn.public);
      return made;
    },
    agent: () => {
      const agentAuth: Partial<NodeAuthOptions> = {
        clientId: agentId,
        clientSecret: undefined,
        clientAssertion,
      };
      return entra.confidential({ auth: agentAuth });
    },
    account,
    oidcApp: () => provider().app,
    logoutToken: () => provider().logoutToken,
    client,
    agentClient: () => {
      const credential = { kind: "assertion", assertion: clientAssertion } as const;
      return createClient({ clientId: agentId, authority, credential, http: fetchClient, clock });
    },
    session,
    query: async () => {
      const { searchParams } = await signIn((await session()).flow.authUrl, alice);
      return Object.fromEntries(searchParams) as ExampleScope["query"] & Record<string, string>;
    },
    oboAssertion: async () => {
      const scopes = [`api://${clientId}/access`];
      return (await signInWithCode(entra, entra.publicClient(), scopes, alice.username)).accessToken;
    },
    subjectToken: () => {
      const issued = { access_token: "issued", token_type: "Bearer", expires_in: 3600 };
      entra.authority.fault({ match: "token", body: JSON.stringify(issued) });
      return "a-subject-token";
    },
    refreshToken: () => {
      const entities = Object.values(app().getTokenCache().getKVStore());
      return String(entities.find(({ credentialType }) => credentialType === "RefreshToken")?.["secret"]);
    },
    redis: () => {
      const stored = new Map<string, string>();
      return {
        get: async (key) => stored.get(key) ?? null,
        set: async (key, value) => stored.set(key, value),
      };
    },
    cachePlugin: () =>
      new DistributedCachePlugin(
        { get: async () => "", set: async (_, value) => value },
        { getKey: async () => "", extractKey: async ({ homeAccountId }) => homeAccountId },
      ),
    kerberosTicket: () => async () => KERBEROS_TICKET,
    openBrowser: () => interactiveUser({ ...alice, ca: "" }).openBrowser,
    console: () => ({ ...console, log: user.read }),
  };
}

/** A user who follows the instructions of a device code; time passes while the library waits for her. */
function deviceUser({ clock }: Entra): {
  readonly read: (...line: readonly unknown[]) => void;
  readonly sleep: (milliseconds: number) => Promise<void>;
} {
  let signedIn: Promise<unknown> = Promise.resolve();
  return {
    read: (...line) => {
      const [, page, code] = /(https?:\/\/\S+).* code (\S+)/.exec(line.join(" ")) ?? [];
      if (page && code) signedIn = signInOnDevice(page, code, alice);
    },
    sleep: async (milliseconds) => {
      await signedIn;
      clock.advance(milliseconds / 1000);
    },
  };
}

/** `fetch` as the HTTP client of core. */
const fetchClient: HttpClient = {
  async send({ method, url, headers, body, signal }) {
    const response = await fetch(url, { method, headers, body: body ?? null, signal, redirect: "manual" });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  },
};

/** What a 401 response of the API demands: a newer token, as after a change of the user's password. */
const challenge = `Bearer error="insufficient_claims", claims="${btoa('{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}')}"`;

/** An identity assertion for another company's server, from any provider. */
const VOUCHER = {
  access_token: "an.identity.assertion",
  issued_token_type: "urn:ietf:params:oauth:token-type:id-jag",
  token_type: "N_A",
  expires_in: 300,
};

/** The server of another company. */
const CHAT = "https://auth.chat.example";

function atChat(path: string): unknown {
  if (path === "/token") return { access_token: "a.chat.token", token_type: "Bearer", expires_in: 3600 };
  return {
    issuer: CHAT,
    authorization_endpoint: `${CHAT}/authorize`,
    token_endpoint: `${CHAT}/token`,
    jwks_uri: `${CHAT}/keys`,
  };
}

/** The endpoint of an App Service. */
const MANAGED_IDENTITY = "http://managed-identity.localhost/msi/token";

/**
 * Puts a Microsoft Graph behind `fetch`, gives the environment the variables of Kubernetes, GitHub Actions and App Service, and moves the
 * platform's data folder to a place that is removed afterwards.
 */
async function prepareSurroundings(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "tessera-examples-"));
  const before = { env: { ...process.env }, fetch: globalThis.fetch };
  const tokenFile = join(folder, "token");
  await writeFile(tokenFile, "a.signed.token");
  Object.assign(process.env, {
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    ACTIONS_ID_TOKEN_REQUEST_URL: "https://actions.example/token",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "a.request.token",
    IDENTITY_ENDPOINT: MANAGED_IDENTITY,
    IDENTITY_HEADER: "a-host-secret",
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    SYSTEM_ACCESSTOKEN: "a.job.token",
    SYSTEM_OIDCREQUESTURI: "https://pipelines.example/token",
    XDG_DATA_HOME: folder,
    LOCALAPPDATA: folder,
  });
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (request.url.startsWith(MANAGED_IDENTITY))
      return Response.json({ access_token: "a.host.token", token_type: "Bearer", expires_in: 3600 });
    if (request.url.startsWith(CHAT)) return Response.json(atChat(new URL(request.url).pathname));
    if (request.url.startsWith("https://mcp.example/")) return Response.json({});
    if (typeof init?.body === "string" && init.body.includes("token-type%3Aid-jag"))
      return Response.json(VOUCHER);
    if (!request.url.startsWith("https://graph.microsoft.com/")) return before.fetch(input, init);
    return request.headers.get("authorization")?.startsWith("Bearer ")
      ? Response.json({ value: [] })
      : new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
  };
  return async () => {
    globalThis.fetch = before.fetch;
    process.env = before.env;
    await rm(folder, { recursive: true });
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
