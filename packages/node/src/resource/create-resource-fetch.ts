import { requireRecord, secureUrl, wrongType } from "@tessera/core/internal";
import { lacksNonce, sendWithToken, type LastNonce } from "../http/send-with-token.js";
import { isCovered } from "./known-resource.js";
import type { ResourceFetchOptions, ResourceSendingOptions } from "./options.js";
import { repeatableRequest } from "./repeatable-request.js";
import { createResourceTokens, type ResourceAttempt, type ResourceTokens } from "./resource-tokens.js";

/**
 * Returns a `fetch` for protected resources whose authorization is found out at run time, such as MCP servers. When a resource
 * refuses a request, its metadata tell the issuer and the scopes; a token is acquired, silently if possible, and the request is
 * sent again. From then on, requests have the token, which is renewed before it expires, by one request for all callers and for
 * all processes that share the cache.
 *
 * A token is sent only to its resource: never to another origin or along a redirect, and an issuer gets a secret only if the
 * program names or allows it.
 *
 * @param options or `{ tokens }`, to send with the tokens of {@link createResourceTokens}
 * @returns a function with the signature of `fetch`; it rejects as `fetch` and as the acquisition of tokens do. A response that
 * a token does not change is returned as it is
 * @throws ClientConfigurationError for a mistake in the options
 * @see RFC 9728, RFC 8707, RFC 8414, RFC 7591, Model Context Protocol (authorization)
 *
 * @example
 * ```ts
 * const fetch = createResourceFetch({
 *   client: { metadataUrl: "https://agent.example/client.json", name: "Contoso agent" },
 *   openBrowser,
 * });
 * const response = await fetch("https://mcp.example/mcp", { method: "POST", body: "{}" });
 * ```
 */
export function createResourceFetch(
  options: ResourceFetchOptions | ({ readonly tokens: ResourceTokens } & ResourceSendingOptions),
): typeof globalThis.fetch {
  const { fetch, ...given } = requireRecord(options, "options", "{ client }");
  const tokens = "tokens" in given ? given.tokens : createResourceTokens(given);
  if (typeof tokens?.begin !== "function")
    throw wrongType("tokens", tokens, "the result of createResourceTokens");
  if (fetch !== undefined && typeof fetch !== "function") throw wrongType("fetch", fetch, "a function");
  const last: LastNonce = {};

  return async (input, init) => {
    const request = repeatableRequest(input, init);
    const { url, signal } = request;
    secureUrl(url, "the URL");
    try {
      let attempt = await tokens.begin(url, { signal });
      let withNonce: ResourceAttempt | undefined;
      for (;;) {
        const { response, isOfOrigin } = await send(attempt, request.next(), init);
        // The nonce has been noted: the same token is sent once more.
        const isRepeated = isOfOrigin && attempt.token && withNonce !== attempt && lacksNonce(response);
        if (isRepeated) withNonce = attempt;
        const next = isRepeated
          ? attempt
          : isOfOrigin
            ? await tokens.next(attempt, response, { signal })
            : undefined;
        if (!next) return response;
        await response.body?.cancel();
        attempt = next;
      }
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  };

  async function send(
    { token }: ResourceAttempt,
    request: Request,
    init: RequestInit | undefined,
  ): Promise<{ readonly response: Response; readonly isOfOrigin: boolean }> {
    const own = fetch ?? globalThis.fetch;
    if (!token) {
      const { origin } = new URL(request.url);
      const response = await own(request);
      return { response, isOfOrigin: response.url === "" || new URL(response.url).origin === origin };
    }
    const bound: typeof globalThis.fetch = async (sent, options) => {
      const one = new Request(sent, options);
      if (!isCovered(new URL(one.url), token))
        for (const name of ["authorization", "dpop"]) one.headers.delete(name);
      return own(one);
    };
    const sender = { prover: token, fetch: bound, last };
    return sendWithToken(sender, { request, again: undefined, init }, token);
  }
}
