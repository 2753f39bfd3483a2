/** A directory of apps and users. Entra's tenant. */
export interface Tenant {
  /** GUID, lower case. */
  readonly id: string;
  /** Domain name that can stand for the id in an authority URL, e.g. `contoso.example`. */
  readonly domain: string;
  readonly name: string;
  readonly apps: readonly App[];
  readonly users: readonly User[];
}

/** An app registration. One without `clientSecret` is a public client. */
export interface App {
  readonly clientId: string;
  readonly name: string;
  readonly clientSecret?: string;
  /**
   * Compared exactly, with two exceptions: the port of a loopback address is ignored (RFC 8252 §7.3), and an entry
   * that ends with `/*` takes any path below it, which Entra does not offer.
   */
  readonly redirectUris: readonly string[];
  /** The app's own API: `{identifierUri}/{scope}`. */
  readonly identifierUri: string;
  /** Delegated permissions of the app's own API. Empty means: any. */
  readonly scopes: readonly string[];
  /** Application permissions this app holds; the `roles` claim of its app tokens. */
  readonly roles: readonly string[];
  /** `true`: a user sees the consent page before the first token. */
  readonly requiresConsent: boolean;
  /** `true`: usable from every tenant and from `common` and `organizations`. */
  readonly multiTenant: boolean;
  /** Family of client ids, `"1"` at Microsoft: members can redeem each other's refresh tokens (`foci`). */
  readonly familyId?: string;
  /** Overrides the authority's `refreshTokenRotation`. */
  readonly refreshTokenRotation?: RefreshTokenRotation;
}

export interface User {
  /** Object id, a GUID. */
  readonly oid: string;
  readonly username: string;
  readonly password: string;
  readonly name: string;
  readonly email: string;
  readonly disabled: boolean;
}

/** All in seconds. */
export interface Lifetimes {
  readonly accessToken: number;
  readonly idToken: number;
  readonly code: number;
  readonly refreshToken: number;
  readonly session: number;
}

/**
 * What happens to a refresh token when it is redeemed. `reuse-allowed`: it lives on, as at Entra. `strict`: it is
 * revoked at once (RFC 9700 §4.14.2).
 */
export type RefreshTokenRotation = "reuse-allowed" | "strict";

/** The effective configuration: what was asked for, over the defaults. */
export interface AuthorityConfig {
  readonly tenants: readonly Tenant[];
  readonly lifetimes: Lifetimes;
  /** `ext_expires_in` of every token response, in seconds; absent: the lifetime of the access token. */
  readonly extExpiresIn?: number;
  /** `refresh_in` of every token response, in seconds; absent: not sent. */
  readonly refreshIn?: number;
  readonly refreshTokenRotation: RefreshTokenRotation;
  /**
   * Resources, beside Microsoft Graph and the apps' own APIs, that tokens can be asked for. Absent: any resource.
   * With a list, others are refused with AADSTS500011, as Entra does.
   */
  readonly resources?: readonly string[];
}

/** A tenant to add, or to lay over the default tenant with the same `id` or `domain`. */
export type TenantOptions = Partial<Omit<Tenant, "apps" | "users">> & {
  readonly apps?: readonly AppOptions[];
  readonly users?: readonly UserOptions[];
};
/** An app to add, or to lay over the one with the same `clientId`. `clientSecret: null` makes it public. */
export type AppOptions = Partial<Omit<App, "clientSecret">> & {
  readonly clientId: string;
  readonly clientSecret?: string | null;
};
/** A user to add, or to lay over the one with the same `username`. */
export type UserOptions = Partial<User> & { readonly username: string };

/** The part of the options that a configuration file can hold. */
export interface ConfigOptions {
  readonly tenants?: readonly TenantOptions[];
  readonly lifetimes?: Partial<Lifetimes>;
  readonly extExpiresIn?: number;
  readonly refreshIn?: number;
  readonly refreshTokenRotation?: RefreshTokenRotation;
  readonly resources?: readonly string[];
}
