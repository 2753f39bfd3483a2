import type { DeviceCodeResponse } from "@tessera/core";
import type { AssertionContext } from "@tessera/core/internal";
import type { CacheOptions, NodeAuthOptions, NodeSystemOptions } from "../configuration.js";

/** A client that is registered at an issuer: public, or with a credential of its own. */
export interface ResourceRegistration extends Pick<
  NodeAuthOptions,
  | "clientId"
  | "clientSecret"
  | "clientCertificate"
  | "clientAssertion"
  | "clientMetadata"
  | "extraParameters"
  | "extraAuthorizationParameters"
> {
  /**
   * The issuer that the registration belongs to. A credential is sent to no other one. Without it, `allowIssuer` has to allow
   * the issuer.
   */
  readonly issuer?: string;
}

/** Finds the registration for an issuer, or returns `undefined` if there is none. */
export type FindRegistration = (
  issuer: string,
  resource: string,
) => ResourceRegistration | undefined | Promise<ResourceRegistration | undefined>;

/** Which client a program is at an issuer that it may never have heard of. The first way that is possible is taken. */
export interface ResourceClientOptions {
  /** Registrations, by issuer, or a function that finds one. */
  readonly registered?: Readonly<Record<string, ResourceRegistration>> | FindRegistration;
  /** URL of the published client metadata document, which is the client's ID where the issuer takes one. */
  readonly metadataUrl?: string;
  /** Name of the client for dynamic registration, where the issuer offers nothing better. */
  readonly name?: string;
  /** Where the user's browser comes back to; `http://localhost` by default. */
  readonly redirectUri?: string;
}

/** What an assertion is requested for. */
export interface ResourceAssertionContext extends AssertionContext {
  /** The issuer that accepts it. */
  readonly issuer: string;
  /** The resource, as it has published its identifier. */
  readonly resource?: string;
  readonly scopes: readonly string[];
}

/** Options of {@link createResourceFetch} and {@link createResourceTokens}. */
export interface ResourceOptions {
  /**
   * Whose token is sent: that of a user (default), of the program itself (client credentials), or one for a workload's JWT
   * (RFC 7523).
   */
  readonly grant?: "user" | "app" | "assertion";
  readonly client: ResourceClientOptions;
  /** The JWT for `grant: "assertion"`, or a function that fetches it, such as `federatedTokenFile(path)`. */
  readonly assertion?: string | ((context: ResourceAssertionContext) => Promise<string>);
  /** Where tokens and registrations are kept; in memory by default. */
  readonly cache?: CacheOptions;
  /** Opens a URL in the user's browser; `true` for the system's. Without it and `onDeviceCode`, the user is never asked. */
  readonly openBrowser?: true | ((url: string) => unknown);
  /** Shows a device code to the user, where no browser can be opened. */
  readonly onDeviceCode?: (response: DeviceCodeResponse) => unknown;
  /**
   * Decides whether an issuer is trusted for a resource. By default it is if a registration names it, or if a public client
   * asks the user in the browser.
   */
  readonly allowIssuer?: (issuer: string, resource: string) => boolean | Promise<boolean>;
  /** Network, clock and logging, as an application has them. */
  readonly system?: NodeSystemOptions;
}

/** Options of {@link createResourceFetch}. */
export interface ResourceFetchOptions extends ResourceOptions, ResourceSendingOptions {}

/** How requests are sent. */
export interface ResourceSendingOptions {
  /** The `fetch` to send with; Node.js's own by default. It must honor `redirect: "manual"`. */
  readonly fetch?: typeof globalThis.fetch;
}
