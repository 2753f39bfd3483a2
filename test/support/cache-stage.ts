import { createHmac } from "node:crypto";
import * as peer from "@azure/msal-node";
import { expect } from "@jest/globals";
import {
  ConfidentialClientApplication,
  type AccountInfo,
  type AuthenticationResult,
  type CacheOptions,
  type Configuration,
  type ICachePlugin,
  type INetworkModule,
  type NodeAuthOptions,
} from "@tessera/node";

/*
 * One sequence through both libraries, with the same network and the same stored caches, so that a test says what is
 * different: the last argument of `differs` is what the peer does.
 */

export const clientId = "30000000-0000-4000-8000-00000000ca11";
export const other = "30000000-0000-4000-8000-00000000ca12";
export const tenant = "20000000-0000-4000-8000-00000000c0de";
export const otherTenant = "20000000-0000-4000-8000-00000000dead";
export const uid = "10000000-0000-4000-8000-00000000a11c";
export const home = `${uid}.${tenant}`;
export const scopes = ["User.Read"];
export const appScopes = ["https://graph.microsoft.com/.default"];
/** As long as HS256 asks for. */
export const clientSecret = "the-secret-of-the-client-0123456789";
export const redirectUri = "http://localhost";
export const now = Math.floor(Date.now() / 1000);
export const account: AccountInfo = {
  homeAccountId: home,
  environment: "login.windows.net",
  tenantId: tenant,
  localAccountId: uid,
  username: "user@example.test",
};

export type App = ConfidentialClientApplication;
type Form = Readonly<Record<string, string>>;
export type Answer = Readonly<Record<string, unknown>>;

/**
 * A network whose token endpoint answers as a test wants it: with an object, which both libraries can use, or with JSON
 * text of the test's own.
 */
export class Network implements INetworkModule {
  readonly forms: Form[] = [];
  readonly #answer: (form: Form, url: string) => Answer | string | Promise<Answer>;
  readonly #documents: Readonly<Record<string, Answer>>;

  constructor(
    answer: (form: Form, url: string) => Answer | string | Promise<Answer> = () => tokens(),
    documents: Readonly<Record<string, Answer>> = {},
  ) {
    this.#answer = answer;
    this.#documents = documents;
  }

  async sendGetRequestAsync<T>(
    url: string,
  ): Promise<{ status: number; headers: Record<string, string>; body: T }> {
    return { status: 200, headers: {}, body: this.#documents[url] as T };
  }

  async sendPostRequestAsync<T>(
    url: string,
    options?: { body?: string },
  ): Promise<{ status: number; headers: Record<string, string>; body: T }> {
    const form = Object.fromEntries(new URLSearchParams(options?.body));
    this.forms.push(form);
    const body = await this.#answer(form, url);
    return { status: typeof body === "object" && "error" in body ? 400 : 200, headers: {}, body: body as T };
  }
}

let issued = 0;
/** A token response of Entra for the user, or with `app: true` for an app. */
export function tokens(over: Answer = {}, claims: Answer = {}): Answer {
  issued += 1;
  const payload = {
    jti: `${issued}`,
    iss: `https://login.microsoftonline.com/${tenant}/v2.0`,
    sub: "s",
    oid: uid,
    tid: tenant,
    aud: clientId,
    iat: now,
    exp: now + 3600,
  };
  return {
    token_type: "Bearer",
    expires_in: 3600,
    access_token: `at-${issued}`,
    refresh_token: `rt-${issued}`,
    scope: "User.Read openid profile",
    id_token: jwt({ ...payload, preferred_username: account.username, ...claims }),
    client_info: encoded({ uid, utid: tenant }),
    ...over,
  };
}

export const appTokens = (): Answer => ({
  token_type: "Bearer",
  expires_in: 3600,
  access_token: `app-${(issued += 1)}`,
});
export const refusal = (suberror = ""): Answer => ({
  error: "invalid_grant",
  error_description: "no",
  suberror,
});
export const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export function jwt(claims: unknown, secret?: string): string {
  const unsigned = `${encoded({ alg: secret ? "HS256" : "none" })}.${encoded(claims)}`;
  return `${unsigned}.${secret ? createHmac("sha256", secret).update(unsigned).digest("base64url") : ""}`;
}

export type Library = (
  network: Network,
  over?: { auth?: Partial<NodeAuthOptions>; cache?: CacheOptions; system?: Configuration["system"] },
) => App;

const configuration: (...parameters: Parameters<Library>) => Configuration = (
  network,
  { auth, cache, system } = {},
) => ({
  auth: {
    clientId,
    clientSecret,
    authority: `https://login.microsoftonline.com/${tenant}`,
    ...auth,
  },
  cache: cache ?? {},
  system: { networkClient: network, ...system },
});
export const tessera: Library = (network, over) =>
  new ConfidentialClientApplication(configuration(network, over));
export const msal: Library = (network, over) =>
  new peer.ConfidentialClientApplication(
    configuration(network, over) as peer.Configuration,
  ) as unknown as App;

export async function differs<T>(
  sequence: (library: Library) => Promise<T>,
  here: T,
  withThePeer: T,
): Promise<void> {
  expect(await sequence(tessera)).toEqual(here);
  expect(await sequence(msal)).toEqual(withThePeer);
}

export const codeOf = (error: { readonly errorCode?: string }): string => error.errorCode ?? "no code";
export const signIn = (app: App): Promise<AuthenticationResult> =>
  app.acquireTokenByCode({ code: "code", scopes, redirectUri });

export function plugin(file: { text: string }): ICachePlugin {
  return {
    beforeCacheAccess: async (context) => context.tokenCache.deserialize(file.text),
    afterCacheAccess: async (context) =>
      void (context.cacheHasChanged && (file.text = context.tokenCache.serialize())),
  };
}

export type Entities = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
/** A document as MSAL Node writes it, with an account and what is given. */
export function document(parts: {
  AccessToken?: Entities;
  RefreshToken?: Entities;
  AppMetadata?: Entities;
  Account?: Entities;
}): string {
  const entity = {
    home_account_id: home,
    environment: "login.windows.net",
    realm: tenant,
    local_account_id: uid,
    username: account.username,
    authority_type: "MSSTS",
  };
  return JSON.stringify({
    Account: { [`${home}-login.windows.net-${tenant}`]: entity },
    IdToken: {},
    AccessToken: {},
    RefreshToken: {},
    AppMetadata: {},
    ...parts,
  });
}
export function accessToken(over: Answer = {}): Entities {
  const token = {
    home_account_id: home,
    environment: "login.windows.net",
    credential_type: "AccessToken",
    client_id: clientId,
    secret: "at",
    realm: tenant,
    target: "User.Read",
    cached_at: `${now}`,
    expires_on: `${now + 3600}`,
    extended_expires_on: `${now + 3600}`,
    token_type: "Bearer",
    ...over,
  };
  return {
    [`${token.home_account_id}-${token.environment}-accesstoken-${token.client_id}-${tenant}-${token.target}-`.toLowerCase()]:
      token,
  };
}
export function refreshToken(over: Answer = {}): Entities {
  const token: Record<string, unknown> = {
    home_account_id: home,
    environment: "login.windows.net",
    credential_type: "RefreshToken",
    client_id: clientId,
    secret: "rt",
    ...over,
  };
  return {
    [`${String(token["home_account_id"])}-${String(token["environment"])}-refreshtoken-${String(token["family_id"] ?? token["client_id"])}---`.toLowerCase()]:
      token,
  };
}
