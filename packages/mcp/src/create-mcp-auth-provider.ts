import {
  createResourceFetch,
  createResourceTokens,
  type ResourceAttempt,
  type ResourceFetchOptions,
} from "@tessera/node";

/** Options of {@link createMcpAuthProvider}: those of `createResourceFetch`, and the server. */
export interface McpAuthOptions extends ResourceFetchOptions {
  /** URL of the MCP server. */
  readonly serverUrl: string | URL;
}

/** What the SDK calls `AuthProvider`: the option `authProvider` of its HTTP transports takes it. */
export interface McpAuthProvider {
  /** Returns the token for the next request; `undefined` until the server has asked for one. */
  token(): Promise<string | undefined>;
  /** Acquires a token after a 401. The SDK sends the request again. */
  onUnauthorized(context: { readonly response: Response }): Promise<void>;
}

/** The two ways to sign an MCP client in. Use one of them; both have the same tokens. */
export interface McpAuth {
  /** For hosts that take a provider object. */
  readonly authProvider: McpAuthProvider;
  /** For hosts that take a `fetch`. It also steps up where a tool needs more scopes, and sends DPoP tokens. */
  readonly fetch: typeof globalThis.fetch;
}

/** How long a 401 may be the answer to a request with the token that has just been replaced, in milliseconds. */
const LATE_MS = 60_000;

/**
 * Returns what signs an MCP client in at one server, as a provider object for the official SDK and as a `fetch`. The session
 * stays: tokens are kept in the cache, and renewed by one request for all callers and all processes.
 *
 * @throws ClientConfigurationError for a mistake in the options
 * @see Model Context Protocol (authorization)
 * @example
 * ```ts
 * import { createMcpAuthProvider } from "@tessera/mcp";
 *
 * const { authProvider } = createMcpAuthProvider({
 *   serverUrl: "https://mcp.example/mcp",
 *   client: { metadataUrl: "https://agent.example/client.json", name: "Contoso agent" },
 *   openBrowser: (url) => console.log(`Sign in at ${url}`),
 * });
 * // new StreamableHTTPClientTransport(new URL("https://mcp.example/mcp"), { authProvider })
 * console.log(await authProvider.token()); // undefined: the server has not asked for a token yet
 * ```
 */
export function createMcpAuthProvider(options: McpAuthOptions): McpAuth {
  const { serverUrl, fetch: own, ...given } = options;
  const tokens = createResourceTokens(given);
  const now = (): number => given.system?.clock?.now() ?? Date.now();
  let current: ResourceAttempt | undefined;
  /** The attempt before the last renewal. */
  let replaced: { readonly attempt: ResourceAttempt; readonly at: number } | undefined;

  return {
    fetch: createResourceFetch({ tokens, ...(own ? { fetch: own } : {}) }),
    authProvider: {
      async token() {
        const attempt = await tokens.begin(serverUrl);
        // Nobody says that a token was accepted. It was, if nothing else has been heard for a while.
        if (current && now() - current.startedAt > LATE_MS) await tokens.next(current, accepted);
        if (current?.token?.accessToken !== attempt.token?.accessToken || !current) current = attempt;
        return attempt.token?.accessToken;
      },
      async onUnauthorized({ response }) {
        // Callers that were refused together learn of it one after another, and only the first one renews the token.
        const isLate = replaced !== undefined && now() - replaced.at < LATE_MS;
        const attempt = isLate ? replaced?.attempt : (current ?? (await tokens.begin(serverUrl)));
        if (!attempt) return;
        const next = await tokens.next(attempt, response);
        if (!next) return;
        if (!isLate) replaced = { attempt, at: now() };
        current = next;
      },
    },
  };
}

const accepted = { status: 200, headers: new Headers() };
