import { PROOF_ALGORITHMS, resourceDocuments } from "@tessera/core/internal";
import type { DpopOptions, GuardedRequest } from "./options.js";

/** What an API says of itself. */
export interface PublishedApi {
  readonly baseUrl: URL;
  readonly issuer: string;
  /** Scopes as clients ask for them. */
  readonly scopes: string | undefined;
  readonly dpop: DpopOptions | undefined;
  /** More members, which win. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}

/** The metadata of an API (RFC 9728), and where it is. */
export class ResourceMetadata {
  readonly url: string;
  readonly #path: string;
  readonly #text: string;

  constructor({ baseUrl, issuer, scopes, dpop, metadata }: PublishedApi) {
    const [url = ""] = resourceDocuments(baseUrl);
    this.url = url;
    this.#path = new URL(url).pathname;
    const document = {
      // The slash of an empty path does not belong to the identifier.
      resource: baseUrl.pathname === "/" ? baseUrl.origin : baseUrl.href,
      authorization_servers: [issuer],
      ...(scopes === undefined ? {} : { scopes_supported: scopes.split(" ") }),
      bearer_methods_supported: ["header"],
      ...(dpop ? { dpop_signing_alg_values_supported: PROOF_ALGORITHMS } : {}),
      ...(dpop?.isRequired ? { dpop_bound_access_tokens_required: true } : {}),
      ...metadata,
    };
    this.#text = JSON.stringify(document);
  }

  /** Answers a request for the metadata; `undefined` for any other request. Web pages of other origins may read it. */
  answer({ method, url }: Pick<GuardedRequest, "method" | "url">): Response | undefined {
    if (!url.includes(this.#path) || new URL(url, this.url).pathname !== this.#path) return undefined;
    const headers = { "access-control-allow-origin": "*", "cache-control": "public, max-age=300" };
    if (method === "GET" || method === "HEAD")
      return new Response(method === "HEAD" ? null : this.#text, {
        headers: { ...headers, "content-type": "application/json" },
      });
    const allowed = { ...headers, allow: "GET, HEAD, OPTIONS" };
    if (method !== "OPTIONS") return new Response(null, { status: 405, headers: allowed });
    const cors = { "access-control-allow-methods": "GET", "access-control-allow-headers": "*" };
    return new Response(null, { status: 204, headers: { ...allowed, ...cors } });
  }
}
