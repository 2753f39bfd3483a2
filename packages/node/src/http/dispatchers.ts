import type { SecureContext } from "node:tls";
import { isOnOwnLink, type ClientTls } from "@tessera/core/internal";
import type Dispatcher from "undici/types/dispatcher";
import { globalDispatcher, isMock } from "./intercepted.js";
import type { Dispatching, Undici } from "./load-undici.js";
import { proxyOf } from "./proxy-variables.js";
import { trusting } from "./trusted-certificates.js";

/** How the network is reached. */
export interface NetworkOptions {
  /** The app's own undici dispatcher, in place of all that follows; not for hosts of this machine and its link. */
  readonly dispatcher?: Dispatching | undefined;
  /** Proxy URL; `false` for none; by default the environment decides. Hosts of this machine and its link never go through one. */
  readonly proxy?: string | false | undefined;
  /** PEM certificates to trust beside those that Node.js trusts. */
  readonly ca?: readonly string[];
}

/** Tells which dispatcher a request is to take: the connections of one are used again. */
export type ChooseDispatcher = (url: URL, request: RequestTraits) => Dispatching;

/** What decides on the connection beside the URL. */
export interface RequestTraits {
  readonly certificate?: ClientTls | undefined;
  /** No proxy, whatever the app and the environment say. */
  readonly isDirect: boolean;
}

export function createDispatchers(
  { Agent, ProxyAgent }: Undici,
  { dispatcher: own, proxy, ca = [] }: NetworkOptions,
): ChooseDispatcher {
  /** By proxy (none: `""`), then by certificate (none: `""`). */
  const kept = new Map<string, Map<string, Dispatcher>>();
  const isLeftToOthers = proxy === undefined && ca.length === 0;

  return (url, { certificate, isDirect: isForcedDirect }) => {
    // A proxy would reach its own machine and link there, and be handed what was meant for this one's.
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
    // A rotated certificate replaces the one before it; the plain connections stay.
    if (certificate) for (const [cert, old] of ofProxy) if (cert && ofProxy.delete(cert)) void old.close();
    const created = create(via, certificate);
    ofProxy.set(certificate?.cert ?? "", created);
    return created;
  }

  function create(via: string | undefined, certificate: ClientTls | undefined): Dispatcher {
    const connect = tls(trusting(ca, certificate));
    if (!via) return new Agent({ connect });
    // The client certificate is for the identity provider, never for the proxy.
    return new ProxyAgent({ uri: via, connect, requestTls: connect, proxyTls: tls(trusting(ca, undefined)) });
  }
}

function tls(secureContext: SecureContext | undefined): { readonly secureContext?: SecureContext } {
  return secureContext ? { secureContext } : {};
}
