import { rootCertificates } from "node:tls";
import type { HttpClient, HttpRequest, HttpResponse } from "@tessera/core";
import type { Dispatcher } from "undici";

/** How the network is reached. */
export interface UndiciOptions {
  /** Proxy URL; `false` for none; by default `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` of the environment decide. */
  readonly proxy: string | false | undefined;
  /** PEM certificates to trust beside Node's own. */
  readonly ca: readonly string[];
}

/** An {@link HttpClient} on undici, which is loaded with the first request. Follows no redirects. */
export function createUndiciHttpClient(options: UndiciOptions): HttpClient {
  let loading: Promise<{ readonly request: typeof import("undici").request; readonly dispatcher: Dispatcher }>;
  return {
    async send({ url, method, headers, body, signal, timeoutMs, maxResponseBytes }: HttpRequest): Promise<HttpResponse> {
      loading ??= load(options);
      const { request, dispatcher } = await loading;
      const timeout = AbortSignal.timeout(timeoutMs);
      const response = await request(url, {
        method,
        headers,
        body: body ?? null,
        dispatcher,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      return {
        status: response.statusCode,
        headers: flat(response.headers),
        body: await readText(response.body, maxResponseBytes),
      };
    },
  };
}

async function load({ proxy, ca }: UndiciOptions): Promise<{ request: typeof import("undici").request; dispatcher: Dispatcher }> {
  const { request, Agent, EnvHttpProxyAgent, ProxyAgent } = await import("undici");
  const tls = ca.length > 0 ? { ca: [...rootCertificates, ...ca] } : {};
  if (proxy === false) return { request, dispatcher: new Agent({ connect: tls }) };
  const proxied = { connect: tls, requestTls: tls, proxyTls: tls };
  const dispatcher = proxy ? new ProxyAgent({ uri: proxy, ...proxied }) : new EnvHttpProxyAgent(proxied);
  return { request, dispatcher };
}

async function readText(body: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Leaving the loop destroys the stream and its connection.
    if (size > limit) throw new Error(`the response is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const entries = Object.entries(headers).filter((entry): entry is [string, string | string[]] => entry[1] !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value]));
}
