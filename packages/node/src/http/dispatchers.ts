import type { SecureContext } from "node:tls";
import { isOnOwnLink, type ClientTls } from "@tessera/core/internal";
import type { buildConnector, Dispatcher } from "undici";
import { guarded, type ConnectionLimits } from "./guarded-connector.js";
import { globalDispatcher, isMock } from "./intercepted.js";
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
}

/** Chooses the dispatcher of a request. Dispatchers are reused, and so are their connections. */
export type ChooseDispatcher = (url: URL, request: RequestTraits) => Dispatching;

/** Properties of a request, other than its URL, that determine its dispatcher. */
export interface RequestTraits {
  readonly certificate?: ClientTls | undefined;
  /** Overrides the proxy of the app and of the environment. */
  readonly isDirect: boolean;
}

export function createDispatchers(
  undici: Pick<Undici, "agent" | "connector" | "proxyAgent">,
  { dispatcher: own, proxy, ca = [], limits }: NetworkOptions,
): ChooseDispatcher {
  /** Keyed by proxy, then by certificate; `""` stands for none. */
  const kept = new Map<string, Map<string, Dispatcher>>();
  const isLeftToOthers = proxy === undefined && ca.length === 0;

  return (url, { certificate, isDirect: isForcedDirect }) => {
    // A proxy would contact its own machine or network instead, and receive requests meant for this one.
    const isDirect = isOnOwnLink(url.hostname);
    if (own && (!isDirect || isMock(own))) return own;
    const via = isDirect || isForcedDirect || proxy === false ? undefined : (proxy ?? proxyOf(url));
    const shared = via || isDirect || certificate || !isLeftToOthers ? undefined : globalDispatcher();
    return shared ?? keep(via, certificate);
  };

  function keep(via: string | undefined, certificate: ClientTls | undefined): Dispatcher {
    const ofProxy = kept.get(via ?? "") ?? new Map<string, Dispatcher>();
    kept.set(via ?? "", ofProxy);
    const known = ofProxy.get(certificate?.cert ?? "");
    if (known) return known;
    // A rotated certificate replaces the previous one; connections without a certificate are kept.
    if (certificate) for (const [cert, old] of ofProxy) if (cert && ofProxy.delete(cert)) void old.close();
    const created = create(via, certificate);
    ofProxy.set(certificate?.cert ?? "", created);
    return created;
  }

  function create(via: string | undefined, certificate: ClientTls | undefined): Dispatcher {
    const connect = tls(trusting(ca, certificate));
    if (!via) return undici.agent({ connect: limits ? limited(connect, limits) : connect });
    // The client certificate is presented to the identity provider, never to the proxy.
    return undici.proxyAgent({
      uri: via,
      connect,
      requestTls: connect,
      proxyTls: tls(trusting(ca, undefined)),
    });
  }

  function limited(connect: ReturnType<typeof tls>, limits: ConnectionLimits): buildConnector.connector {
    const timeout = limits.timeoutMs;
    const trust = limits.thumbprint === undefined ? connect : { rejectUnauthorized: false };
    // A resumed session might not carry the certificate to compare.
    const options = { ...trust, maxCachedSessions: 0, ...(timeout === undefined ? {} : { timeout }) };
    return guarded(undici.connector(options), limits);
  }
}

function tls(secureContext: SecureContext | undefined): { readonly secureContext?: SecureContext } {
  return secureContext ? { secureContext } : {};
}
