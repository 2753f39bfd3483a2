import type { HttpClient, HttpRequest, HttpResponse } from "@tessera/core";
import { isBackground, sharedUrl, UnderWay, untilAborted } from "@tessera/core/internal";
import { answerOf } from "./answer.js";
import { closedBeforeAnswer, isUnsent, wasNewConnection } from "./connect.js";
import { createDispatchers, type Dispatchers, type NetworkOptions, type Route } from "./dispatchers.js";
import { areSocketsMocked, mockDispatcher, replacedFetch } from "./intercepted.js";
import { Lanes, noFreeConnection } from "./lanes.js";
import { loadUndici } from "./load-undici.js";
import { requireReach } from "./network-zone.js";
import { readText } from "./read-text.js";
import type { Dispatching } from "./undici.js";
import { textHeaders } from "./text-headers.js";
import { unreferenced } from "./unreferenced.js";

/** An {@link HttpClient} whose connections can be closed. */
export interface ClosableHttpClient extends HttpClient {
  /** Closes the connections when their requests are answered. The next request opens new ones. */
  close(): Promise<void>;
}

/** Creates an {@link HttpClient} on undici, which is loaded with the first request. It does not follow redirects. */
export function createUndiciHttpClient(options: NetworkOptions): ClosableHttpClient {
  let loading: Promise<Dispatchers> | undefined;
  let loaded: Dispatchers | undefined;
  const lanes = new Lanes(options.maxConnections);
  const underWay = new UnderWay();
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    const dispatchers = (loaded ??= await (loading ??= load(options)));
    const url = sharedUrl(request.url);
    requireReach(url.hostname, options.limits?.reach);
    const mock = options.dispatcher ? undefined : mockDispatcher();
    const fetch = replacedFetch();
    const isDirect = fetch !== undefined && areSocketsMocked();
    const traits = { certificate: request.tls, isDirect, isByFetch: fetch !== undefined };
    const choose = (): Route => (mock ? { dispatcher: mock } : dispatchers.choose(url, traits));
    // The replacement may call the original `fetch`, which must then use the same dispatcher.
    if (fetch) return byFetch(fetch, request, mock ? {} : { dispatcher: choose().dispatcher });
    return inLane(lanes, { request, url, choose });
  };
  return {
    async send(request: HttpRequest): Promise<HttpResponse> {
      const end = underWay.begin();
      try {
        return await send(request);
      } finally {
        end();
      }
    },
    channelBinding(origin) {
      const traits = { certificate: undefined, isDirect: false, isByFetch: false };
      return loaded?.choose(new URL(origin), traits).connections?.channelBinding(origin);
    },
    async close() {
      await underWay.ended();
      await (await loading)?.close();
    },
  };
}

/** Loads undici on first use: it takes milliseconds, and a cache hit does not need it. */
async function load(options: NetworkOptions): Promise<Dispatchers> {
  return createDispatchers(await loadUndici(), options);
}

interface Outgoing {
  readonly request: HttpRequest;
  readonly url: URL;
  readonly choose: () => Route;
}

/** Sends a request when there is a lane for it. The app's own dispatcher has limits of its own. */
async function inLane(lanes: Lanes, { request, url, choose }: Outgoing): Promise<HttpResponse> {
  const { signal, isRepeatable = false } = request;
  const { origin } = url;
  for (let route = choose(); ; route = choose()) {
    if (!route.connections) {
      request.onSend?.();
      return byUndici(request, url, route.dispatcher);
    }
    const lane = lanes.enter(origin, signal);
    if (lane) await lane;
    let hasBegun = false;
    const begin = (): void => {
      hasBegun = true;
      request.onSend?.();
    };
    let received: ReadonlyMap<number | undefined, number> | undefined;
    try {
      // The route may have been closed in the meantime, with its certificate or its application.
      if (lane) route = choose();
      received = isRepeatable ? undefined : route.connections?.received(origin);
      const response = await byUndici(request, url, route.dispatcher, begin);
      lanes.answered(origin);
      return response;
    } catch (error) {
      const { connections } = route;
      // A request that waits behind one whose time is up often has no time left itself.
      if (lane && !hasBegun && signal.aborted) throw noFreeConnection(origin);
      const isRefused = isUnsent(error) || (isRepeatable && wasNewConnection(error));
      const open = connections?.openTo(origin) ?? 0;
      if (signal.aborted || !isRefused || open === 0 || lanes.usedTo(origin) < 2)
        throw received ? closedBeforeAnswer(error, received) : error;
      // The host takes no further connection: the request waits for one of the others.
      lanes.refused(origin, open);
    } finally {
      if (lanes.leave(origin)) route.connections?.abandon(origin);
    }
  }
}

function byUndici(
  request: HttpRequest,
  { origin, pathname, search }: URL,
  dispatcher: Dispatching,
  onBegin?: () => void,
): Promise<HttpResponse> {
  const { method, headers, body, signal } = request;
  const options = { origin, path: pathname + search, method, headers, body: body ?? null };
  const sent = (): Promise<HttpResponse> => answerOf(dispatcher, options, request, onBegin);
  return isBackground(signal) ? unreferenced(sent) : sent();
}

/** @param way an option of Node.js's `fetch` and of its wrappers */
async function byFetch(
  fetch: typeof globalThis.fetch,
  { url, method, headers, body, signal, maxResponseBytes, onSend }: HttpRequest,
  way: { readonly dispatcher?: Dispatching },
): Promise<HttpResponse> {
  onSend?.();
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

/** `fetch` has decoded the content. */
async function bodyOf(response: Response, limit: number): Promise<string> {
  const { body } = response;
  if (body && Symbol.asyncIterator in body) return readText(body, limit);
  return typeof response.text === "function" ? response.text() : JSON.stringify(await response.json());
}
