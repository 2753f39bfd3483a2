// The names that the examples in docstrings use without declaring them. An example may also import what it uses and build
// an application of its own; exports of the example's own package (in core also those of @tessera/node) are imported for it.
import type { AuthCodeFlow, Client } from "@tessera/core";
import type {
  AccountInfo,
  ClientRegistration,
  ConfidentialClientApplication,
  DistributedCachePlugin,
  PublicClientApplication,
} from "@tessera/node";

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
