import type { SecureContext } from "node:tls";
import type { HttpClient, HttpRequest, HttpResponse } from "@tessera/core";
import type { ClientTls } from "@tessera/core/internal";
import type { Dispatcher } from "undici";
import { isDirect } from "./direct-hosts.js";

/** Options of the built-in HTTP client. */
export interface UndiciOptions {
  /**
   * Proxy URL, or `false` for no proxy. Defaults to the environment variables `HTTPS_PROXY`, `HTTP_PROXY` and
   * `NO_PROXY`. Loopback and link-local addresses are always contacted directly.
   */
  readonly proxy: string | false | undefined;
  /** PEM certificates to trust in addition to Node.js's own. */
  readonly ca: readonly string[];
}

/** Modules that are loaded on first use, because they take milliseconds and a cache hit does not need them. */
interface Modules {
  readonly undici: typeof import("undici");
  readonly nodeTls: typeof import("node:tls");
}

/** Creates an {@link HttpClient} on undici, which is loaded with the first request. It does not follow redirects. */
export function createUndiciHttpClient(options: UndiciOptions): HttpClient {
  let loading: Promise<Modules> | undefined;
  const viaProxy = new Map<string, Dispatcher>();
  const direct = new Map<string, Dispatcher>();
  return {
    async send({
      url,
      method,
      headers,
      body,
      tls,
      signal,
      maxResponseBytes,
    }: HttpRequest): Promise<HttpResponse> {
      const modules = await (loading ??= loadModules());
      const isWithoutProxy = options.proxy === false || isDirect(new URL(url).hostname);
      const dispatchers = isWithoutProxy ? direct : viaProxy;
      const certificate = tls?.cert ?? "";
      let dispatcher = dispatchers.get(certificate);
      if (!dispatcher) {
        dispatcher = createDispatcher(modules, isWithoutProxy ? { ...options, proxy: false } : options, tls);
        // A rotated certificate replaces the previous one; connections without a certificate are kept.
        for (const [known, old] of dispatchers)
          if (known && tls && dispatchers.delete(known)) void old.close();
        dispatchers.set(certificate, dispatcher);
      }
      const response = await modules.undici.request(url, {
        method,
        headers,
        body: body ?? null,
        dispatcher,
        signal,
      });
      return {
        status: response.statusCode,
        headers: flat(response.headers),
        body: await readText(response.body, maxResponseBytes),
      };
    },
  };
}

async function loadModules(): Promise<Modules> {
  const [undici, nodeTls] = await Promise.all([import("undici"), import("node:tls")]);
  return { undici, nodeTls };
}

function createDispatcher(
  { undici: { Agent, EnvHttpProxyAgent, ProxyAgent }, nodeTls }: Modules,
  { proxy, ca }: UndiciOptions,
  certificate: ClientTls | undefined,
): Dispatcher {
  const trusted = ca.length > 0 ? { secureContext: trusting(nodeTls, ca) } : {};
  const connect =
    certificate && ca.length > 0
      ? { secureContext: nodeTls.createSecureContext({ ca: trustedBy(nodeTls, ca), ...certificate }) }
      : { ...trusted, ...certificate };
  if (proxy === false) return new Agent({ connect });
  // The client certificate is presented to the identity provider, never to the proxy.
  const proxied = { connect, requestTls: connect, proxyTls: trusted };
  return proxy ? new ProxyAgent({ uri: proxy, ...proxied }) : new EnvHttpProxyAgent(proxied);
}

const contexts = new Map<string, SecureContext>();

/**
 * Parsing more than a hundred certificates takes tens of milliseconds, so it is done once per process, not per
 * connection.
 */
function trusting(nodeTls: Modules["nodeTls"], ca: readonly string[]): SecureContext {
  const key = ca.join();
  const context = contexts.get(key) ?? nodeTls.createSecureContext({ ca: trustedBy(nodeTls, ca) });
  contexts.set(key, context);
  return context;
}

function trustedBy({ rootCertificates }: Modules["nodeTls"], ca: readonly string[]): string[] {
  return [...rootCertificates, ...ca];
}

async function readText(body: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Throwing out of the loop destroys the stream and its connection.
    if (size > limit) throw new Error(`the response is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const entries = Object.entries(headers).filter(
    (entry): entry is [string, string | string[]] => entry[1] !== undefined,
  );
  return Object.fromEntries(
    entries.map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value]),
  );
}
