import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "@azure/msal-node";
import { Agent, request } from "undici";

export interface PeerNetwork extends INetworkModule {
  /** Ends the connections it keeps. */
  close(): Promise<void>;
}

/**
 * A network client for `@azure/msal-node` that trusts one certificate authority: its own client is the global `fetch`,
 * which cannot be told to.
 *
 * @param ca PEM, or none to trust what Node trusts
 */
export function peerNetwork(ca?: string): PeerNetwork {
  const dispatcher = new Agent({ connect: { ca } });
  const send = async <T>(
    method: "GET" | "POST",
    url: string,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> => {
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      method,
      headers: options?.headers,
      body: options?.body,
    });
    const flat = Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]);
    return { status: statusCode, headers: Object.fromEntries(flat), body: (await body.json()) as T };
  };
  return {
    sendGetRequestAsync: (url, options) => send("GET", url, options),
    sendPostRequestAsync: (url, options) => send("POST", url, options),
    close: () => dispatcher.close(),
  };
}
