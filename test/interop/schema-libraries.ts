import * as peer from "@azure/msal-node";
import type { LocalAuthority } from "@tessera/local-authority";
import * as tessera from "@tessera/node";
import { signIn } from "../support/sign-in.js";

/** An application of either library: what the peer's type promises, both keep. */
export type App = Pick<
  peer.ConfidentialClientApplication,
  "acquireTokenByCode" | "acquireTokenByClientCredential" | "acquireTokenOnBehalfOf" | "acquireTokenSilent"
> &
  Pick<peer.ConfidentialClientApplication, "getAuthCodeUrl"> & {
    getTokenCache(): Pick<
      peer.TokenCache,
      "serialize" | "deserialize" | "getAllAccounts" | "getAccountByHomeId" | "removeAccount"
    >;
  };

export type LibraryName = "msal-node" | "tessera";

/** The same configuration for either: with a secret a confidential client, without one a public client. */
export function createApp(library: LibraryName, configuration: peer.Configuration): App {
  const confidential = configuration.auth.clientSecret !== undefined;
  if (library === "tessera") {
    const app = confidential
      ? new tessera.ConfidentialClientApplication(configuration)
      : new tessera.PublicClientApplication(configuration);
    return app as App;
  }
  const app = confidential
    ? new peer.ConfidentialClientApplication(configuration)
    : new peer.PublicClientApplication(configuration);
  return app as App;
}

/** Who writes a cache, and who reads it then. */
export const directions: readonly { readonly writer: LibraryName; readonly reader: LibraryName }[] = [
  { writer: "msal-node", reader: "tessera" },
  { writer: "tessera", reader: "msal-node" },
];

export interface CacheJson {
  readonly [section: string]: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export function cacheJson(app: App): CacheJson {
  return JSON.parse(app.getTokenCache().serialize()) as CacheJson;
}

/** The cache in which every access token has expired. */
export function expired(cache: CacheJson): CacheJson {
  const past = String(Math.floor(Date.now() / 1000) - 1);
  const tokens = Object.entries(cache["AccessToken"] ?? {}).map(
    ([key, token]) => [key, { ...token, expires_on: past, extended_expires_on: past }] as const,
  );
  return { ...cache, AccessToken: Object.fromEntries(tokens) };
}

/** A cache in the given application, as JSON text. */
export function load(app: App, cache: CacheJson): App {
  app.getTokenCache().deserialize(JSON.stringify(cache));
  return app;
}

export const redirectUri = "http://localhost:3000/redirect";

/** Signs the first user of the first tenant in, over HTTPS, as a browser would. */
export async function signInAtAuthority(
  app: App,
  authority: LocalAuthority,
  scopes: string[],
): Promise<peer.AuthenticationResult> {
  const user = authority.config.tenants[0]?.users[0];
  if (!user) throw new Error("the local authority has no user");
  const url = await app.getAuthCodeUrl({ scopes, redirectUri });
  const answer = await signIn(url, { ...user, ca: authority.caPem });
  return app.acquireTokenByCode({ scopes, redirectUri, code: answer.searchParams.get("code") ?? "" });
}

/** The only account of an application. */
export async function onlyAccount(app: App): Promise<peer.AccountInfo> {
  const [account, ...others] = await app.getTokenCache().getAllAccounts();
  if (!account || others.length > 0) throw new Error(`${account ? 1 + others.length : 0} accounts in place of one`);
  return account;
}
