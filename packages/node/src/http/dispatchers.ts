import type { SecureContext } from "node:tls";
import { isOnOwnLink, type ClientTls } from "@tessera/core/internal";
import type { Dispatcher } from "undici";
import { Connections } from "./connections.js";
import { guarded, type ConnectionLimits } from "./guarded-connector.js";
import { appsGlobalDispatcher, globalDispatcher, isMock } from "./intercepted.js";
import { lookupWithin } from "./network-zone.js";
import { throughProxy } from "./tunnel.js";
import type { Dispatching, Undici } from "./undici.js";
import { proxyOf } from "./proxy-variables.js";
import { trusting } from "./trusted-certificates.js";

/** Options of the built-in HTTP client. */
export interface NetworkOptions {
  /** The app's own undici dispatcher, which overrides the other options except for loopback and link-local addresses. */
  readonly dispatcher?: Dispatching | undefined;
  /** Proxy URL, or `false` for no proxy. Defaults to the environment. Never used for loopback and link-local addresses. */
  readonly proxy?: string | false | undefined;
  /** PEM certificates to trust in addition to those that Node.js trusts. */
  readonly ca?: readonly string[];
  /** Limits of direct connections. */
  readonly limits?: ConnectionLimits;
  /** The most connections to one host. */
  readonly maxConnections?: number | undefined;
}

/** What a request is sent through. */
export interface Route {
  readonly dispatcher: Dispatching;
  /** The connections of the dispatcher, unless it belongs to the app. */
  readonly connections?: Connections;
}

/** The ways that requests take. They are reused, and so are their connections. */
export interface Dispatchers {
  choose(url: URL, request: RequestTraits): Route;
  /** Closes the connections when their requests are answered. */
  close(): Promise<void>;
}

/** Properties of a request, other than its URL, that determine its dispatcher. */
export interface RequestTraits {
  readonly certificate?: ClientTls | undefined;
  /** Overrides the proxy of the app and of the environment. */
  readonly isDirect: boolean;
  /** Whether a `fetch` of the app sends the request, which may not understand a dispatcher of another release of undici. */
  readonly isByFetch: boolean;
}

/** Client certificates whose connections are kept. A rotated one drops out in time. */
const MOST_CERTIFICATES = 20;

interface OwnRoute extends Route {
  readonly dispatcher: Dispatcher;
}

export function createDispatchers(
  undici: Undici,
  { dispatcher: own, proxy, ca = [], limits, maxConnections }: NetworkOptions,
): Dispatchers {
  /** Keyed by proxy, then by certificate; `""` stands for none. */
  const kept = new Map<string, Map<string, OwnRoute>>();
  const isLeftToOthers = proxy === undefined && ca.length === 0 && !limits?.reach;

  return {
    choose(url, { certificate, isDirect: isForcedDirect, isByFetch }) {
      // A proxy would contact its own machine or network instead, and receive requests meant for this one.
      const isDirect = isOnOwnLink(url.hostname);
      if (own && (!isDirect || isMock(own))) return { dispatcher: own };
      const via = isDirect || isForcedDirect || proxy === false ? undefined : (proxy ?? proxyOf(url));
      const isOwn = via !== undefined || isDirect || certificate !== undefined || !isLeftToOthers;
      const shared = isOwn ? undefined : isByFetch ? globalDispatcher() : appsGlobalDispatcher();
      return shared ? { dispatcher: shared } : keep(via, certificate);
    },
    async close() {
      const routes = Array.from(kept.values(), (routes) => Array.from(routes.values())).flat();
      kept.clear();
      await Promise.all(routes.map(({ dispatcher }) => dispatcher.close()));
    },
  };

  function keep(via: string | undefined, certificate: ClientTls | undefined): Route {
    const ofProxy = kept.get(via ?? "") ?? new Map<string, OwnRoute>();
    kept.set(via ?? "", ofProxy);
    const known = ofProxy.get(certificate?.cert ?? "");
    if (known) return known;
    const created = create(via, certificate);
    ofProxy.set(certificate?.cert ?? "", created);
    const [oldest] = Array.from(ofProxy.keys()).filter((cert) => cert !== "");
    if (oldest !== undefined && ofProxy.size > MOST_CERTIFICATES) {
      void ofProxy.get(oldest)?.dispatcher.close();
      ofProxy.delete(oldest);
    }
    return created;
  }

  function create(via: string | undefined, certificate: ClientTls | undefined): OwnRoute {
    const tls = asOption(trusting(ca, certificate));
    const connections = new Connections();
    // The client certificate is presented to the identity provider, never to the proxy.
    const proxyTls = asOption(trusting(ca, undefined));
    const trust = limits?.thumbprint === undefined ? tls : { rejectUnauthorized: false };
    // A resumed session might not carry the certificate to compare.
    const sessions = limits?.thumbprint === undefined ? {} : { maxCachedSessions: 0 };
    const timeout = limits?.timeoutMs === undefined ? {} : { timeout: limits.timeoutMs };
    // The proxy looks up the names of those that it connects to.
    const look = limits?.reach && !via ? { lookup: lookupWithin(limits.reach) } : {};
    const direct = undici.connector({ ...trust, ...sessions, ...timeout, ...look });
    const connect = via ? throughProxy({ proxy: via, ...proxyTls, secure: direct }) : direct;
    const tracked = connections.tracked(guarded(connect, via ? {} : (limits ?? {})));
    const most = maxConnections === undefined ? {} : { connections: maxConnections };
    return { dispatcher: undici.agent({ connect: tracked, ...most }), connections };
  }
}

function asOption(secureContext: SecureContext | undefined): { readonly secureContext?: SecureContext } {
  return secureContext ? { secureContext } : {};
}
