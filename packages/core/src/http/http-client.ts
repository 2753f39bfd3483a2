/** One HTTP request. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** Absolute URL. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Certificate to present (RFC 8705 §2). */
  readonly tls?: ClientTls;
  /** Ends the request: because the caller has left, or because `timeoutMs` has passed. */
  readonly signal: AbortSignal;
  /** Of the call it belongs to, for clients that log. */
  readonly correlationId?: string;
  /** Milliseconds until the signal aborts, for clients that tell somebody. */
  readonly timeoutMs: number;
  /** A longer response body is refused. */
  readonly maxResponseBytes: number;
}

/** A client certificate for TLS. */
export interface ClientTls {
  /** PEM of the certificate and its chain. */
  readonly cert: string;
  /** PEM of the private key. */
  readonly key: string;
}

/** One HTTP response, read whole. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The only way the library reaches the network. An implementation must not follow redirects, must reject when
 * `signal` aborts, and must be safe to call concurrently.
 */
export interface HttpClient {
  /** Sends a request. Rejects only when no complete response came. */
  send(request: HttpRequest): Promise<HttpResponse>;
}
