import * as peer from "@azure/msal-node";
import type { LocalAuthority } from "@tessera/local-authority";
import * as tessera from "@tessera/node";
import { signIn } from "../support/sign-in.js";

/** An application of either library: what the peer's type promises, both keep. */
export type App = Pick<
  peer.ConfidentialClientApplication,
  | "acquireTokenByClientCredential"
  | "acquireTokenByCode"
  | "acquireTokenOnBehalfOf"
  | "acquireTokenSilent"
  | "getAuthCodeUrl"
> & {
  getTokenCache(): Pick<peer.TokenCache, "serialize" | "deserialize" | "getAllAccounts" | "removeAccount">;
};

export type LibraryName = "msal-node" | "tessera";

/** Both are given the same configuration; with a secret in it the client is confidential. */
export function createApp(library: LibraryName, configuration: peer.Configuration): App {
  const confidential = configuration.auth.clientSecret !== undefined;
  if (library === "tessera") {
    const own: tessera.Configuration = configuration;
    return (
      confidential ? new tessera.ConfidentialClientApplication(own) : new tessera.PublicClientApplication(own)
    ) as App;
  }
  return (
    confidential
      ? new peer.ConfidentialClientApplication(configuration)
      : new peer.PublicClientApplication(configuration)
  ) as App;
}

/** Who writes a cache, and who reads it then. */
export const directions: readonly { readonly writer: LibraryName; readonly reader: LibraryName }[] = [
  { writer: "msal-node", reader: "tessera" },
  { writer: "tessera", reader: "msal-node" },
];

type Entity = Readonly<Record<string, unknown>>;

/** The cache as it stands in JSON: sections of entities by key. */
export type CacheJson = Readonly<Record<string, Readonly<Record<string, Entity>>>>;

export function cacheOf(app: App): CacheJson {
  return JSON.parse(app.getTokenCache().serialize()) as CacheJson;
}

/** Adds a cache to what an application knows. */
export function loaded(app: App, cache: CacheJson): App {
  app.getTokenCache().deserialize(JSON.stringify(cache));
  return app;
}

/** The cache with every entity of a section changed. */
export function changed(
  cache: CacheJson,
  section: string,
  change: (entity: Entity, key: string) => readonly [key: string, entity: Entity],
): CacheJson {
  const entries = Object.entries(cache[section] ?? {}).map(([key, entity]) => change(entity, key));
  return { ...cache, [section]: Object.fromEntries(entries) };
}

/** The cache in which every access token has expired. */
export function expired(cache: CacheJson): CacheJson {
  const past = String(Math.floor(Date.now() / 1000) - 1);
  return changed(cache, "AccessToken", (token, key) => [
    key,
    { ...token, expires_on: past, extended_expires_on: past },
  ]);
}

/** Every entity to the byte, in an order that does not depend on the one they were written in. */
export function entityTexts(cache: CacheJson): readonly string[] {
  return Object.entries(cache)
    .flatMap(([section, entities]) =>
      Object.entries(entities).map(([key, entity]) => `${section} ${key} ${JSON.stringify(entity)}`),
    )
    .sort();
}

/** The only account of an application. */
export async function onlyAccount(app: App): Promise<peer.AccountInfo> {
  const accounts = await app.getTokenCache().getAllAccounts();
  const [account] = accounts;
  if (!account || accounts.length > 1) throw new Error(`There are ${accounts.length} accounts, not one`);
  return account;
}

export const redirectUri = "http://localhost:3000/redirect";

/** Signs the first user of the first tenant in, over HTTPS, as a browser would. */
export async function signedIn(
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
