import type { RecordedRequest } from "../http/journal.js";

/** Options of `protectedResource`. All are optional. */
export interface ProtectedResourceOptions {
  /** Path of the resource. Default `/mcp`. */
  readonly path?: string;
  /**
   * The scopes that a token must have. A function returns those of one request, so that an operation can require more than
   * the first request did. Default: none.
   */
  readonly scopes?: readonly string[] | ((request: RecordedRequest) => readonly string[]);
  /**
   * Members of the protected-resource metadata (RFC 9728 §2) that differ; `undefined` removes one. `false` publishes none,
   * as the servers of MCP's first revision did.
   */
  readonly metadata?: Readonly<Record<string, unknown>> | false;
  /** The issuer of the tokens: the standard one of the tenant, or Entra's. Default `openid`. */
  readonly issuer?: "openid" | "entra";
  /** ID of the tenant that issues the tokens. Default: the first one. */
  readonly tenant?: string;
  /** The `WWW-Authenticate` header of a refusal. Receives the usual one; `undefined` sends none. */
  readonly challenge?: (usual: string, request: RecordedRequest) => string | undefined;
  /**
   * What stands behind the edge: answers a request whose token was accepted. Default: JSON with `sub`, `client_id` and
   * `scope` of the token.
   */
  readonly respond?: (request: RecordedRequest, claims: TokenClaims) => Response | Promise<Response>;
}

/** The claims of an accepted access token. */
export type TokenClaims = Readonly<Record<string, unknown>>;

/** A running protected resource, from `protectedResource`. */
export interface ProtectedResource {
  /** Its URL, for example `https://localhost:{port}/mcp`; also the `resource` of its metadata. */
  readonly url: string;
  /** The URL of its metadata (RFC 9728 §3.1). */
  readonly metadataUrl: string;
  /** Its authorization server. */
  readonly issuer: string;
  /** The claims of an access token that this resource accepts, otherwise `undefined`. For a guard of one's own. */
  readonly verify: (token: string) => Promise<TokenClaims | undefined>;
  readonly close: () => Promise<void>;
}
