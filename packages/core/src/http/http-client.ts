/** One HTTP request. */
export interface HttpRequest {
  /** `PUT` and `DELETE` only for the management of a registration (RFC 7592). */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Absolute URL. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Client certificate to present (RFC 8705 §2). */
  readonly tls?: ClientTls;
  /** Aborts when the caller cancels, or after `timeoutMs`. */
  readonly signal: AbortSignal;
  /** Correlation id of the call, for clients that log. */
  readonly correlationId?: string;
  /** Milliseconds until the signal aborts, for information. */
  readonly timeoutMs: number;
  /** Maximum size of the response body, in bytes. Larger responses are refused. */
  readonly maxResponseBytes: number;
  /** Whether the request may be sent again when its connection ends without an answer; `false` by default. */
  readonly isRepeatable?: boolean;
  /**
   * Called right before the request is written to a connection. If it throws, nothing is sent, and the request fails with that
   * error.
   */
  readonly onSend?: () => void;
}

/** A client certificate for TLS. */
export interface ClientTls {
  /** PEM of the certificate and its chain. */
  readonly cert: string;
  /** PEM of the private key. */
  readonly key: string;
}

/** One HTTP response, including its complete body. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How often the request was sent, if it was more than once. Set by the library. */
  readonly attempts?: number;
  /** Milliseconds for which nothing more is sent to the host, because it does not work. Set by the library. */
  readonly restMs?: number;
}

/**
 * Sends all HTTP requests of the library. An implementation must not follow redirects, must reject when `signal`
 * aborts, must call `onSend`, and must be safe to call concurrently.
 */
export interface HttpClient {
  /** Sends a request. Rejects only when no complete response is received. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Returns the channel binding for a Kerberos ticket (RFC 5929 §4, `tls-server-end-point`), if there is a connection to the
   * origin and its certificate is known.
   */
  channelBinding?(origin: string): Uint8Array | undefined;
  /** Closes the connections when their requests are answered, once no application uses them any more. */
  close?(): Promise<void>;
}
