import type {
  App,
  ClientRegistration,
  ConditionalAccessPolicy,
  DeviceCodeSettings,
  FederatedCredential,
  Federation,
  InstanceMetadata,
  Lifetimes,
  ManagedIdentity,
  RefreshTokenRotation,
  Tenant,
  User,
} from "./config.js";

/** A tenant to add, or changes to the default tenant with the same `id` or `domain`. */
export type TenantOptions = Partial<Omit<Tenant, "apps" | "users" | "federation">> & {
  readonly apps?: readonly AppOptions[];
  readonly users?: readonly UserOptions[];
  readonly federation?: FederationOptions;
};
/** A federated domain. `users` defaults to `grace@{domain}`. */
export type FederationOptions = Partial<Omit<Federation, "users">> & {
  readonly domain: string;
  readonly users?: readonly UserOptions[];
};
/** An app to add, or changes to the one with the same `clientId`. `clientSecret: null` removes the secret. */
export type AppOptions = Partial<Omit<App, "clientSecret" | "federatedCredentials" | "managedIdentity">> & {
  readonly clientId: string;
  readonly federatedCredentials?: readonly FederatedCredentialOptions[];
  readonly clientSecret?: string | null;
};
/** A federated credential; `audience` is optional. */
export type FederatedCredentialOptions = Omit<FederatedCredential, "audience"> & {
  readonly audience?: string;
};
/** A user to add, or changes to the one with the same `username`. */
export type UserOptions = Partial<User> & { readonly username: string };

/** A managed identity; only `clientId` is required. */
export type ManagedIdentityOptions = Partial<ManagedIdentity> & { readonly clientId: string };

/** A conditional access policy; every field is optional. */
export type ConditionalAccessOptions = Partial<ConditionalAccessPolicy>;

/** The options that describe what the authority emulates; a configuration file can contain them. */
export interface ConfigOptions {
  readonly tenants?: readonly TenantOptions[];
  /** Replaces the default identities; an empty array for hosts without any. */
  readonly managedIdentities?: readonly ManagedIdentityOptions[];
  readonly lifetimes?: Partial<Lifetimes>;
  readonly deviceCode?: Partial<DeviceCodeSettings>;
  readonly extExpiresIn?: number;
  readonly refreshIn?: number;
  readonly refreshTokenRotation?: RefreshTokenRotation;
  readonly resources?: readonly string[];
  readonly conditionalAccess?: readonly ConditionalAccessOptions[];
  readonly clientRegistration?: Partial<ClientRegistration>;
  readonly instanceMetadata?: InstanceMetadata;
}
