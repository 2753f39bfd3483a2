import type { Parameters } from "./parameters.js";

/** The name of an endpoint; `other` for unknown paths. */
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
  | "managed-identity"
  | "register"
  | "protected-resource"
  | "protected-resource-metadata"
  | "other";

/** A request as it was received, including secrets, which tests need. */
export interface RecordedRequest {
  readonly endpoint: EndpointName;
  /** In upper case. */
  readonly method: string;
  /** The `Host` header, for example `localhost:{port}` or `{region}.localhost:{port}`. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Parameters;
  /** The form fields, in the order they were sent; empty for any other body. */
  readonly form: Parameters;
  /** Header names are in lower case. */
  readonly headers: Parameters;
  /** The body, unparsed. */
  readonly body: string;
  /** When it was received, by the authority's clock, in milliseconds since the epoch. */
  readonly time: number;
  /**
   * The HTTP status of the response; absent until it is sent, and permanently absent if the connection was reset.
   */
  readonly status?: number;
}

/** What the console shows of a response. */
export interface Answer {
  /** The JSON of a token endpoint, or of an error. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Where the browser is sent. */
  readonly redirect?: string;
}

/** A request with its number, which starts at 1 and is never used again. */
export interface NumberedRequest {
  readonly id: number;
  readonly request: RecordedRequest;
  readonly answer?: Answer;
}

export interface Journal {
  readonly entries: readonly RecordedRequest[];
  /** @returns a function that records the response */
  record(request: RecordedRequest): (status: number, answer?: Answer) => void;
  clear(): void;
  /** All entries, oldest first. */
  numbered(): readonly NumberedRequest[];
  find(id: number): NumberedRequest | undefined;
  /** Calls back for every request that arrives, and again with its response. @returns a function that ends this */
  watch(listener: (entry: NumberedRequest) => void): () => void;
}

// Bounds the memory of an authority that runs for days.
const limit = 10_000;
/** Answers contain tokens and are larger than requests. */
const answerLimit = 1000;

export function createJournal(): Journal {
  const entries: RecordedRequest[] = [];
  const answers = new Map<number, Answer>();
  const watchers = new Set<(entry: NumberedRequest) => void>();
  let last = 0;
  const numbered = (id: number, request: RecordedRequest): NumberedRequest => ({
    id,
    request,
    answer: answers.get(id),
  });
  const tell = (entry: NumberedRequest) => {
    for (const listener of watchers) listener(entry);
  };
  const firstId = () => last - entries.length + 1;
  return {
    entries,
    record: (request) => {
      const entry: { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] } = { ...request };
      entries.push(entry);
      last += 1;
      const id = last;
      if (entries.length > limit) entries.shift();
      tell(numbered(id, entry));
      return (status, answer) => {
        entry.status = status;
        if (answer !== undefined && id >= firstId()) answers.set(id, answer);
        const [oldest = 0] = answers.keys();
        if (answers.size > answerLimit) answers.delete(oldest);
        if (id >= firstId()) tell(numbered(id, entry));
      };
    },
    clear: () => {
      entries.length = 0;
      answers.clear();
    },
    numbered: () => entries.map((request, index) => numbered(firstId() + index, request)),
    find: (id) => {
      const request = entries[id - firstId()];
      return request && numbered(id, request);
    },
    watch: (listener) => {
      watchers.add(listener);
      return () => void watchers.delete(listener);
    },
  };
}

const patterns: readonly (readonly [EndpointName, RegExp])[] = [
  [
    "openid-configuration",
    /\/\.well-known\/openid-configuration$|^\/\.well-known\/(openid-configuration|oauth-authorization-server)\//,
  ],
  ["instance-discovery", /^\/common\/discovery\/instance$/],
  ["authorize", /(^\/adfs\/oauth2|\/oauth2\/v2\.0)\/authorize\/?$/],
  ["login", /^\/[^/]+(\/b2c_1[^/]*|\/openid)?\/login$/i],
  ["select-account", /^\/[^/]+(\/b2c_1[^/]*|\/openid)?\/select-account$/i],
  ["verify", /^\/[^/]+(\/b2c_1[^/]*|\/openid)?\/verify$/i],
  ["consent", /^\/[^/]+(\/b2c_1[^/]*|\/openid)?\/consent$/i],
  ["token", /(^\/adfs\/oauth2|\/oauth2\/v2\.0)\/token\/?$/],
  ["device-code", /(^\/adfs\/oauth2|\/oauth2\/v2\.0)\/devicecode$/],
  ["device-sign-in", /^\/(common|adfs)\/oauth2\/deviceauth(\/confirm)?$/],
  ["user-realm", /^\/common\/userrealm\//],
  ["ws-trust-metadata", /^\/adfs\/services\/trust\/mex$/],
  ["ws-trust", /^\/adfs\/services\/trust\/(2005|13)\/(usernamemixed|windowstransport)$/],
  ["keys", /(^\/adfs\/discovery|\/discovery\/v2\.0)\/keys$/],
  ["userinfo", /^\/(oidc|adfs)\/userinfo$/],
  ["register", /^\/[^/]+\/openid\/register$/],
  ["instance-metadata", /^\/metadata\/instance(\/|$)/],
  ["logout", /(^\/adfs\/oauth2|\/oauth2\/v2\.0)\/logout$/],
];

/** The endpoint names that a fault can match. */
export const endpointNames: readonly EndpointName[] = [
  ...patterns.map(([name]) => name),
  "managed-identity",
  "protected-resource",
  "protected-resource-metadata",
  "other",
];

/** Returns the name of an endpoint of the authority, or of its instance metadata service. */
export function nameEndpoint(path: string): EndpointName {
  return patterns.find(([, pattern]) => pattern.test(path))?.[0] ?? "other";
}
