import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { destroy, type Connect } from "./connect.js";
import { unreference } from "./unreferenced.js";

/** The way to a proxy. */
export interface ProxyRoute {
  /** URL of the proxy, which may hold a user name and a password. */
  readonly proxy: string;
  /** Trust of the connection to a proxy over `https`. */
  readonly secureContext?: SecureContext;
  /** Starts TLS with the identity provider inside a tunnel. */
  readonly secure: Connect;
}

/**
 * Connects through a tunnel of a proxy (RFC 9110 §9.3.6). It replaces undici's `ProxyAgent`, which asks a proxy that drops
 * the request for a tunnel again at once and without end.
 */
export function throughProxy({ proxy, secureContext, secure }: ProxyRoute): Connect {
  const url = new URL(proxy);
  const isSecure = url.protocol === "https:";
  const user = `${decoded(url.username)}:${decoded(url.password)}`;
  const credentials = Buffer.from(user).toString("base64");
  const authorization = user === ":" ? {} : { "proxy-authorization": `Basic ${credentials}` };
  const hostname = url.hostname.replace(/^\[|\]$/g, "");

  return (options, callback) => {
    const target = hostWithPort(options);
    const request = connectRequest(target);
    let inside: unknown;
    let isHeld = true;
    request.once("connect", ({ statusCode = 0 }: IncomingMessage, socket: Socket, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        callback(new Error(refusal(statusCode)), null);
        return;
      }
      if (options.protocol === "https:") inside = secure({ ...options, httpSocket: socket }, callback);
      else callback(null, socket);
      if (!isHeld) unreference(inside);
    });
    request.once("error", (error) => callback(error, null));
    request.end();
    return {
      unref() {
        isHeld = false;
        request.once("socket", unreference);
      },
      destroy() {
        request.destroy();
        destroy(inside);
      },
    };
  };

  function connectRequest(target: string): ClientRequest {
    const options: RequestOptions = {
      method: "CONNECT",
      hostname,
      port: url.port || (isSecure ? 443 : 80),
      path: target,
      headers: { host: target, ...authorization },
      agent: false,
    };
    return isSecure
      ? process
          .getBuiltinModule("node:https")
          .request({ ...options, ...(secureContext ? { secureContext } : {}) })
      : process.getBuiltinModule("node:http").request(options);
  }
}

function hostWithPort({ hostname, protocol, port }: Parameters<Connect>[0]): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${host}:${port || (protocol === "https:" ? 443 : 80)}`;
}

function refusal(status: number): string {
  return status === 407
    ? "the proxy answered HTTP 407: it requires a user name and a password, or refuses those of the proxy URL"
    : `the proxy answered HTTP ${status} to the request for a tunnel`;
}

/** A password is often written as it is: a `%` that encodes nothing stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
