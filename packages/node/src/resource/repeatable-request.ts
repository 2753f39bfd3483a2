/** The most bytes of a stream that are kept for a second attempt. */
const MOST_KEPT_BYTES = 1_048_576;

/** A request that may have to be sent several times. */
export interface RepeatableRequest {
  readonly url: string;
  readonly signal: AbortSignal;
  /**
   * Returns the request for the next attempt.
   *
   * @throws TypeError when its body was a stream that is too long to be kept
   */
  next(): Request;
}

/**
 * Prepares a request to be sent more than once. A body that is a stream can be read only once: the first
 * {@link MOST_KEPT_BYTES} bytes are kept while it is sent.
 */
export function repeatableRequest(
  input: Parameters<typeof globalThis.fetch>[0],
  init: RequestInit | undefined,
): RepeatableRequest {
  const request = new Request(input, init);
  const { url, signal } = request;
  if (!request.body || !isStream(init?.body ?? (input instanceof Request ? input.body : undefined)))
    return { url, signal, next: () => request.clone() };
  let copy: BodyCopy | undefined;
  return {
    url,
    signal,
    next() {
      if (!copy) {
        copy = new BodyCopy();
        return withBody(request, request.body?.pipeThrough(copy.transform()) ?? null);
      }
      const bytes = copy.bytes();
      if (bytes) return withBody(request, bytes);
      throw new TypeError(
        `fetch failed: the request to ${new URL(url).host} has to be sent again with a token, but its body is a stream of more than ${MOST_KEPT_BYTES} bytes, or was not sent to its end: call fetch again with another stream`,
      );
    },
  };
}

/** What is sent of a stream, as long as it is short. */
class BodyCopy {
  #chunks: Uint8Array[] | undefined = [];
  #length = 0;
  #isWhole = false;

  transform(): TransformStream<Uint8Array, Uint8Array> {
    return new TransformStream({
      transform: (chunk, controller) => {
        this.#keep(chunk);
        controller.enqueue(chunk);
      },
      flush: () => {
        this.#isWhole = true;
      },
    });
  }

  bytes(): Uint8Array<ArrayBuffer> | undefined {
    return this.#chunks && this.#isWhole ? new Uint8Array(Buffer.concat(this.#chunks)) : undefined;
  }

  #keep(chunk: Uint8Array): void {
    this.#length += chunk.byteLength;
    if (this.#length > MOST_KEPT_BYTES) this.#chunks = undefined;
    this.#chunks?.push(chunk);
  }
}

function isStream(body: unknown): boolean {
  return (
    body instanceof ReadableStream ||
    (typeof body === "object" && body !== null && Symbol.asyncIterator in body)
  );
}

/** The headers stay as they are: a new body would bring its own type. */
function withBody(
  request: Request,
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null,
): Request {
  const { url, method, headers, redirect, signal, integrity, keepalive, credentials, cache, mode } = request;
  const init = { method, headers, redirect, signal, integrity, keepalive, credentials, cache, mode, body };
  return new Request(url, { ...init, ...(body instanceof ReadableStream ? { duplex: "half" } : {}) });
}
