import * as peer from "@azure/msal-node";
import { jest } from "@jest/globals";
import {
  startLocalAuthority,
  type LocalAuthority,
  type LocalAuthorityOptions,
  type RecordedRequest,
} from "@tessera/local-authority";
import * as tessera from "@tessera/node";
import { Agent, fetch as undiciFetch, type RequestInit as UndiciRequestInit } from "undici";
import { signIn } from "../support/sign-in.js";

/** An application of either library. Programs for the peer know no more of it. */
export type App = Pick<
  peer.PublicClientApplication,
  "getAuthCodeUrl" | "acquireTokenByCode" | "acquireTokenByRefreshToken" | "acquireTokenSilent" | "clearCache"
> & { getTokenCache(): Cache };
export type Cache = Pick<
  peer.TokenCache,
  | "serialize"
  | "deserialize"
  | "hasChanged"
  | "getAllAccounts"
  | "getAccountByHomeId"
  | "getAccountByLocalId"
  | "removeAccount"
>;
export type ConfidentialApp = App &
  Pick<peer.ConfidentialClientApplication, "acquireTokenByClientCredential" | "acquireTokenOnBehalfOf">;

/** One of the two libraries that are compared. */
export interface Library {
  readonly name: "peer" | "tessera";
  publicClient(configuration: peer.Configuration): App;
  confidential(configuration: peer.Configuration): ConfidentialApp;
}

export type AppKind = "public" | "confidential";

/** Parts of a configuration; the rest is filled in for the local authority. */
export interface PartialConfiguration extends Omit<peer.Configuration, "auth"> {
  readonly auth?: Partial<peer.NodeAuthOptions>;
}

/** The local authority and the two libraries, which all live by one clock that only moves when it is told to. */
export interface Stage {
  readonly authority: LocalAuthority;
  readonly peer: Library;
  readonly tessera: Library;
  readonly user: { readonly username: string; readonly password: string };
  /** The configuration of an app of the first tenant: the same for both libraries. */
  configuration(kind: AppKind, over?: PartialConfiguration): peer.Configuration;
  app(library: Library, kind: "confidential", over?: PartialConfiguration): ConfidentialApp;
  app(library: Library, kind: AppKind, over?: PartialConfiguration): App;
  /** Moves the time of everybody. */
  advance(seconds: number): void;
  /** Does the same with each library, from the same moment, and notes the requests each one sends. */
  both<T>(run: (library: Library) => Promise<T>): Promise<Both<T>>;
  close(): Promise<void>;
}

export interface Outcome<T> {
  readonly value: T;
  readonly requests: readonly RecordedRequest[];
}
export type Both<T> = Readonly<Record<Library["name"], Outcome<T>>>;

export const redirectUri = "http://localhost:3000/callback";
export const graph = ["https://graph.microsoft.com/User.Read"];
export const appScopes = ["https://graph.microsoft.com/.default"];
/** What an API may ask for, and a wish of the app that is among those Entra is always asked for. */
export const challengedClaims = JSON.stringify({
  access_token: { nbf: { essential: true, value: "1" } },
  id_token: { login_hint: null },
});
/** RFC 7636 appendix B. */
export const pkce = {
  verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
};

export async function startStage(options: LocalAuthorityOptions = {}): Promise<Stage> {
  // The peer has no clock of its own: it asks `Date`. Timers stay real. It starts at a whole second.
  jest.useFakeTimers({ now: Math.floor(Date.now() / 1000) * 1000, doNotFake: [...timers] });
  const authority = await startLocalAuthority(options);
  const [tenant] = authority.config.tenants;
  const [web, desktop] = tenant?.apps ?? [];
  const [user] = tenant?.users ?? [];
  if (!tenant || !web || !desktop || !user) throw new Error("the local authority has no default tenant");
  const dispatcher = new Agent({ connect: { ca: authority.caPem } });
  // The peer's own HTTP client is the global fetch, which cannot be told what to trust.
  const trusting = (url: unknown, init: unknown) =>
    undiciFetch(String(url), { ...(init as UndiciRequestInit), dispatcher }) as unknown as Promise<Response>;
  const fetchSpy = jest.spyOn(globalThis, "fetch").mockImplementation(trusting);
  const trust = (configuration: peer.Configuration) => ({
    ...configuration,
    system: { ca: authority.caPem, ...configuration.system },
  });

  const stage: Stage = {
    authority,
    user,
    peer: {
      name: "peer",
      publicClient: (configuration) => new peer.PublicClientApplication(configuration),
      confidential: (configuration) => new peer.ConfidentialClientApplication(configuration),
    },
    tessera: {
      name: "tessera",
      publicClient: (configuration) => new tessera.PublicClientApplication(trust(configuration)),
      confidential: (configuration) => new tessera.ConfidentialClientApplication(trust(configuration)),
    },
    configuration: (kind, over = {}) => ({
      ...over,
      auth: {
        clientId: kind === "confidential" ? web.clientId : desktop.clientId,
        authority: authority.authorityUrl(),
        // The peer asks login.microsoftonline.com about any other host.
        knownAuthorities: [new URL(authority.url).host],
        ...(kind === "confidential" ? { clientSecret: web.clientSecret } : {}),
        ...over.auth,
      },
    }),
    app: ((library: Library, kind: AppKind, over?: PartialConfiguration) => {
      const configuration = stage.configuration(kind, over);
      return kind === "confidential"
        ? library.confidential(configuration)
        : library.publicClient(configuration);
    }) as Stage["app"],
    both: async (run) => {
      const start = Date.now();
      const outcome = async (library: Library) => {
        jest.setSystemTime(start);
        authority.clearRequests();
        const value = await run(library);
        return { value, requests: [...authority.requests] };
      };
      return { peer: await outcome(stage.peer), tessera: await outcome(stage.tessera) };
    },
    advance: (seconds) => {
      jest.setSystemTime(Date.now() + seconds * 1000);
    },
    close: async () => {
      fetchSpy.mockRestore();
      jest.useRealTimers();
      await dispatcher.close();
      await authority.close();
    },
  };
  return stage;
}

export interface SignInRequest extends Partial<peer.AuthorizationCodeRequest> {
  readonly user?: Stage["user"];
}

/** Runs the authorization code flow with PKCE; the user types name and password. */
export async function signInWith(
  app: App,
  stage: Stage,
  over: SignInRequest = {},
): Promise<peer.AuthenticationResult> {
  const { user: _, ...rest } = over;
  const request = { scopes: graph, redirectUri, ...rest };
  return app.acquireTokenByCode({
    ...request,
    code: await codeFor(app, stage, over),
    codeVerifier: pkce.verifier,
  });
}

/** The code that comes back when the user has signed in. */
export async function codeFor(app: App, stage: Stage, over: SignInRequest = {}): Promise<string> {
  const { user = stage.user, scopes = graph, nonce, authority } = over;
  const challenge = { codeChallenge: pkce.challenge, codeChallengeMethod: "S256" };
  const url = await app.getAuthCodeUrl({ scopes, redirectUri, nonce, authority, ...challenge });
  const answer = await signIn(url, { ...user, ca: stage.authority.caPem });
  return answer.searchParams.get("code") ?? "";
}

/** The account of a result, which a sign-in always has. */
export function accountOf(result: peer.AuthenticationResult | null): peer.AccountInfo {
  if (!result?.account) throw new Error("the result has no account");
  return result.account;
}

const timers = [
  "hrtime",
  "nextTick",
  "performance",
  "queueMicrotask",
  "requestAnimationFrame",
  "cancelAnimationFrame",
  "requestIdleCallback",
  "cancelIdleCallback",
  "setImmediate",
  "clearImmediate",
  "setInterval",
  "clearInterval",
  "setTimeout",
  "clearTimeout",
] as const;
