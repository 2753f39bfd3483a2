import type { HttpClient, HttpRequest, HttpResponse } from "@tessera/core";
import { clientConfigurationError, untilAborted } from "@tessera/core/internal";
import { requireReach, type Reach } from "./network-zone.js";
import { textHeaders } from "./text-headers.js";

/** Options of a call to an {@link INetworkModule}. */
export interface NetworkRequestOptions {
  headers?: Record<string, string>;
  body?: string;
  /** Correlation id of the call that sends the request. */
  correlationId?: string;
}

/** Response of an {@link INetworkModule}, with a parsed body. */
export interface NetworkResponse<T> {
  headers: Record<string, string>;
  body: T;
  status: number;
}

/** MSAL's interface for an app's own HTTP client (`system.networkClient`). */
export interface INetworkModule {
  /** Sends a GET; `timeout` in milliseconds. */
  sendGetRequestAsync<T>(
    url: string,
    options?: NetworkRequestOptions,
    timeout?: number,
  ): Promise<NetworkResponse<T>>;
  /** Sends a POST. */
  sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>>;
}

/** Adapts an app's own network client to an {@link HttpClient}, and adds support for deadlines and signals. */
export function fromNetworkModule(network: INetworkModule, reach?: Reach): HttpClient {
  return {
    async send(request: HttpRequest): Promise<HttpResponse> {
      const { url, method, headers, body, signal, timeoutMs, correlationId } = request;
      if (reach) requireReach(new URL(url).hostname, reach);
      const options: NetworkRequestOptions = { headers: { ...headers } };
      if (body !== undefined) options.body = body;
      if (correlationId !== undefined) options.correlationId = correlationId;
      if (method === "PUT" || method === "DELETE")
        throw clientConfigurationError(
          "invalid_option",
          `system.networkClient cannot send ${method}, which the management of a registration needs: use system.dispatcher, or leave it out.`,
        );
      // Whether it has a connection, only it knows.
      request.onSend?.();
      const answer =
        method === "GET"
          ? network.sendGetRequestAsync<unknown>(url, options, timeoutMs)
          : network.sendPostRequestAsync<unknown>(url, options);
      const response = await untilAborted(answer, signal);
      return {
        status: response.status,
        headers: textHeaders(response.headers ?? {}),
        body: typeof response.body === "string" ? response.body : JSON.stringify(response.body ?? null),
      };
    },
  };
}
