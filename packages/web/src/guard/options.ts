import type { ConfidentialClientApplication, NodeSystemOptions } from "@tessera/node";
import type { WebStore } from "../web-store.js";
import type { Demands } from "./demands.js";

/** Options of {@link createApiGuard}. */
export interface ApiGuardOptions extends Pick<Demands, "scopes" | "roles" | "userRoles"> {
  /** URL of the API as its clients see it. It is the API's identifier in its metadata (RFC 9728). */
  readonly baseUrl: string | URL;
  /** Authority of Microsoft that issues the tokens: Entra with the tenant's ID, B2C with the policy, External ID, AD FS. */
  readonly authority?: string;
  /** Issuer of any other provider. Give either this or `authority`. */
  readonly issuer?: string;
  /** `aud` of the API's tokens, or several of which a token must name one. */
  readonly audience: string | readonly string[];
  /**
   * IDs of the Entra tenants whose tokens are accepted, or a function that is asked with each token. Required with an
   * authority that stands for several tenants.
   */
  readonly tenants?: readonly string[] | ((tenantId: string) => boolean | Promise<boolean>);
  /** `typ` of the tokens' header, if the provider promises one: `["at+jwt"]` for one that follows RFC 9068. */
  readonly types?: readonly string[];
  /** The API's own registration, which acquires tokens on behalf of callers and introspects opaque ones. */
  readonly app?: GuardApplication;
  /** How tokens on behalf of a caller are acquired: by default with Microsoft's grant for `authority`, otherwise by RFC 8693. */
  readonly exchange?: "on-behalf-of" | "token-exchange";
  /** Asks the provider about opaque tokens (RFC 7662) with the registration of `app`. */
  readonly introspection?: boolean | IntrospectionOptions;
  /** Tokens that are bound to a key (RFC 9449). They are checked in any case. */
  readonly dpop?: DpopOptions;
  /**
   * Header in which a proxy passes the client's TLS certificate on, such as `client-cert` (RFC 9440). Only for a server that
   * nobody reaches but through a proxy that sets or removes this header.
   */
  readonly clientCertificateHeader?: string;
  /** Remembers the proofs that have been used, for all processes. By default, each process remembers its own. */
  readonly store?: WebStore;
  /** More members of the API's metadata (RFC 9728 §2), such as `resource_name`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Network, clock and logging, as an application has them. */
  readonly system?: NodeSystemOptions;
}

/** The registration of an API. Any `ConfidentialClientApplication` is one. */
export type GuardApplication = Pick<
  ConfidentialClientApplication,
  "acquireTokenOnBehalfOf" | "acquireTokenByTokenExchange" | "introspect"
>;

/** How opaque tokens are introspected. */
export interface IntrospectionOptions {
  /** Asks about JWTs as well, so that a revoked one is refused. */
  readonly always?: boolean;
  /** How long an answer is used, in seconds: 60 by default, 600 at most, and never longer than the token lives. */
  readonly cacheSeconds?: number;
  /** Accepts an answer without `aud`, from a provider that calls a token active only at the APIs that it is for. */
  readonly acceptsMissingAudience?: boolean;
}

/** How tokens that are bound to a key are asked for. */
export interface DpopOptions {
  /** Refuses tokens that are not bound to a key. */
  readonly isRequired?: boolean;
  /**
   * Asks clients for a nonce in their proofs, which is made with the first of these secrets and accepted with any. All
   * processes have the same.
   */
  readonly nonceSecrets?: readonly string[];
}

/** What the guard reads of a request; any `Request` has it. The body is not read. */
export interface GuardedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Pick<Headers, "get">;
}

/** Options of one check. */
export interface CheckOptions extends Demands {
  /** The client's certificate of the TLS connection: PEM, DER, or an object with `raw`, as `getPeerCertificate` returns. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Cancels the check. */
  readonly signal?: AbortSignal | undefined;
}

/** A certificate in one of its forms. */
export type ClientCertificate = string | Uint8Array | { readonly raw?: Uint8Array | undefined };
