import { rootCertificates } from "node:tls";
import { Agent, EnvHttpProxyAgent, fetch as undiciFetch, type Dispatcher } from "undici";
import { isLoopback } from "./loopback.js";
import { certificates } from "./profiles/provider.js";

/**
 * Returns a `fetch` that goes through the proxies of the environment and trusts further certificates, as the requests to a
 * provider do. Redirects are followed only if the request asks for it.
 *
 * @param ca a file with PEM certificates to trust in addition to those of Node.js
 */
export function networkFetch(ca: string | undefined): typeof globalThis.fetch {
  const connect = ca === undefined ? {} : { ca: [...rootCertificates, certificates(ca)] };
  // A command makes a request or two, after which no connection may keep it running.
  const lives = { keepAliveTimeout: 1, keepAliveMaxTimeout: 1 };
  const direct = new Agent({ connect, ...lives });
  const proxied = new EnvHttpProxyAgent({ connect, requestTls: connect, ...lives });
  const dispatcherFor = (url: string): Dispatcher => (isLoopback(new URL(url).hostname) ? direct : proxied);
  return async (input, init) => {
    const request = new Request(input, init);
    const { method, headers, signal, redirect } = request;
    const response = await undiciFetch(request.url, {
      method,
      headers: [...headers],
      signal,
      redirect,
      dispatcher: dispatcherFor(request.url),
      ...(request.body ? { body: await request.arrayBuffer() } : {}),
    });
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the class of Node.js, in another copy
    return response;
  };
}
