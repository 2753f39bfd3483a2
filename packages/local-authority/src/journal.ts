import type { Parameters } from "./parameters.js";

/** Which endpoint a path belongs to; `other` for what is not one. */
export type EndpointName =
  | "openid-configuration"
  | "instance-discovery"
  | "authorize"
  | "login"
  | "select-account"
  | "verify"
  | "consent"
  | "token"
  | "device-code"
  | "device-sign-in"
  | "user-realm"
  | "ws-trust-metadata"
  | "ws-trust"
  | "keys"
  | "userinfo"
  | "logout"
  | "instance-metadata"
  | "other";

/** A request as it came in. Secrets are kept: tests need them. */
export interface RecordedRequest {
  readonly endpoint: EndpointName;
  /** Upper case. */
  readonly method: string;
  /** The `Host` header: `localhost:{port}`, or `{region}.localhost:{port}`. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Parameters;
  /** The fields of a form, in the order in which they were sent; empty for any other body. */
  readonly form: Parameters;
  /** Names in lower case. */
  readonly headers: Parameters;
  /** The body as it was sent. */
  readonly body: string;
  /** When it came in, by the authority's clock: milliseconds since the epoch. */
  readonly time: number;
  /** The HTTP status of the answer; absent while there is none, and for ever when the connection was reset. */
  readonly status?: number;
}

export interface Journal {
  readonly entries: readonly RecordedRequest[];
  /** @returns what notes the status of the answer */
  record(request: RecordedRequest): (status: number) => void;
  clear(): void;
}

// An authority that runs for days must not fill the memory with what nobody reads.
const limit = 10_000;

export function createJournal(): Journal {
  const entries: RecordedRequest[] = [];
  return {
    entries,
    record: (request) => {
      const entry: { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] } = { ...request };
      entries.push(entry);
      if (entries.length > limit) entries.shift();
      return (status) => {
        entry.status = status;
      };
    },
    clear: () => {
      entries.length = 0;
    },
  };
}

const patterns: readonly (readonly [EndpointName, RegExp])[] = [
  ["openid-configuration", /\/\.well-known\/openid-configuration$/],
  ["instance-discovery", /^\/common\/discovery\/instance$/],
  ["authorize", /(^\/adfs\/oauth2|\/oauth2\/v2\.0)\/authorize\/?$/],
  ["login", /^\/[^/]+(\/b2c_1[^/]*)?\/login$/i],
  ["select-account", /^\/[^/]+(\/b2c_1[^/]*)?\/select-account$/i],
  ["verify", /^\/[^/]+(\/b2c_1[^/]*)?\/verify$/i],
  ["consent", /^\/[^/]+(\/b2c_1[^/]*)?\/consent$/i],
  ["token", /(^\/adfs\/oauth2|\/oauth2\/v2\.0)\/token\/?$/],
  ["device-code", /(^\/adfs\/oauth2|\/oauth2\/v2\.0)\/devicecode$/],
  ["device-sign-in", /^\/(common|adfs)\/oauth2\/deviceauth(\/confirm)?$/],
  ["user-realm", /^\/common\/userrealm\//],
  ["ws-trust-metadata", /^\/adfs\/services\/trust\/mex$/],
  ["ws-trust", /^\/adfs\/services\/trust\/(2005|13)\/usernamemixed$/],
  ["keys", /(^\/adfs\/discovery|\/discovery\/v2\.0)\/keys$/],
  ["userinfo", /^\/(oidc|adfs)\/userinfo$/],
  ["instance-metadata", /^\/metadata\/instance(\/|$)/],
  ["logout", /(^\/adfs\/oauth2|\/oauth2\/v2\.0)\/logout$/],
];

/** All that a fault can wait for by name. */
export const endpointNames: readonly EndpointName[] = [...patterns.map(([name]) => name), "other"];

export function nameEndpoint(path: string): EndpointName {
  return patterns.find(([, pattern]) => pattern.test(path))?.[0] ?? "other";
}
