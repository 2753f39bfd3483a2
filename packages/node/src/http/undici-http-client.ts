import type { HttpClient, HttpRequest, HttpResponse } from "@tessera/core";
import { isBackground, untilAborted } from "@tessera/core/internal";
import { createDispatchers, type ChooseDispatcher, type NetworkOptions } from "./dispatchers.js";
import { areSocketsMocked, mockDispatcher, replacedFetch } from "./intercepted.js";
import { loadUndici } from "./load-undici.js";
import type { Dispatching, Undici } from "./undici.js";
import { textHeaders } from "./text-headers.js";
import { unreferenced } from "./unreferenced.js";

/** Loaded on first use, because it takes milliseconds and a cache hit does not need it. */
interface Loaded {
  readonly undici: Undici;
  readonly choose: ChooseDispatcher;
}

/** Creates an {@link HttpClient} on undici, which is loaded with the first request. It does not follow redirects. */
export function createUndiciHttpClient(options: NetworkOptions): HttpClient {
  let loading: Promise<Loaded> | undefined;
  return {
    async send(request: HttpRequest): Promise<HttpResponse> {
      const { undici, choose } = await (loading ??= load(options));
      const url = new URL(request.url);
      const mock = options.dispatcher ? undefined : mockDispatcher();
      const fetch = replacedFetch();
      const isDirect = fetch !== undefined && areSocketsMocked();
      const dispatcher = mock ?? choose(url, { certificate: request.tls, isDirect });
      // The replacement may call the original `fetch`, which must then use the same dispatcher.
      return fetch
        ? byFetch(fetch, request, mock ? {} : { dispatcher })
        : byUndici(undici, request, url, dispatcher);
    },
  };
}

async function load(options: NetworkOptions): Promise<Loaded> {
  const undici = await loadUndici();
  return { undici, choose: createDispatchers(undici, options) };
}

async function byUndici(
  undici: Undici,
  { method, headers, body, signal, maxResponseBytes }: HttpRequest,
  { origin, pathname, search }: URL,
  dispatcher: Dispatching,
): Promise<HttpResponse> {
  const sent = (): ReturnType<Undici["request"]> =>
    undici.request(dispatcher, {
      origin,
      path: pathname + search,
      method,
      headers,
      body: body ?? null,
      signal,
    });
  const response = await (isBackground(signal) ? unreferenced(sent) : sent());
  return {
    status: response.statusCode,
    headers: textHeaders(response.headers),
    body: await readText(response.body, maxResponseBytes),
  };
}

/** @param way an option of Node.js's `fetch` and of its wrappers */
async function byFetch(
  fetch: typeof globalThis.fetch,
  { url, method, headers, body, signal, maxResponseBytes }: HttpRequest,
  way: { readonly dispatcher?: Dispatching },
): Promise<HttpResponse> {
  const init: RequestInit = { method, headers: new Headers(headers), body, signal, redirect: "manual" };
  Object.assign(init, way);
  const response = await untilAborted(Promise.resolve(fetch(url, init)), signal);
  return {
    status: response.status,
    headers: textHeaders(entriesOf(response.headers)),
    body: await untilAborted(bodyOf(response, maxResponseBytes), signal),
  };
}

/** The headers of a stub may be a plain object, or missing. */
function entriesOf(headers: Headers | undefined): object {
  if (typeof headers?.forEach !== "function") return headers ?? {};
  const entries: Record<string, string> = {};
  headers.forEach((value, name) => {
    entries[name] = value;
  });
  return entries;
}

async function bodyOf(response: Response, limit: number): Promise<string> {
  const { body } = response;
  if (body && Symbol.asyncIterator in body) return readText(body, limit);
  return typeof response.text === "function" ? response.text() : JSON.stringify(await response.json());
}

async function readText(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Throwing out of the loop destroys the stream and its connection.
    if (size > limit) throw new Error(`the response is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
