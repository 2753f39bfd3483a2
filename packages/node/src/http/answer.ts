import type { HttpRequest, HttpResponse } from "@tessera/core";
import { decodedText, tooLong } from "./read-text.js";
import { textHeaders } from "./text-headers.js";
import type { Dispatching } from "./undici.js";

/**
 * Sends a request through a dispatcher, and collects the answer as it comes. `undici.request` would make a stream for each
 * answer, which takes longer than the rest of the request.
 *
 * @param onBegin called when the request has a connection, before anything is written to it; what it throws ends the request
 * @throws the reason of the signal, at once: undici does not end a request that waits for a connection
 */
export function answerOf(
  dispatcher: Dispatching,
  options: object,
  { signal, maxResponseBytes }: Pick<HttpRequest, "signal" | "maxResponseBytes">,
  onBegin?: () => void,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const leave = (): void => answer.end(signal.reason);
    const settled = (): void => signal.removeEventListener("abort", leave);
    const answer = new Answer(maxResponseBytes, { resolve, reject, settled, onBegin });
    if (signal.aborted) {
      leave();
      return;
    }
    signal.addEventListener("abort", leave, { once: true });
    try {
      dispatcher.dispatch(options, answer);
    } catch (error) {
      answer.end(error);
    }
  });
}

/** The caller that waits for an answer. */
interface Waiting {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (reason: Error) => void;
  /** Called before either. */
  readonly settled: () => void;
  readonly onBegin: (() => void) | undefined;
}

type Abort = (reason: unknown) => void;

/** A handler in the form of undici 7 and later, and in that of the releases before. */
class Answer {
  readonly #limit: number;
  #waiting: Waiting | undefined;
  #abort: Abort | undefined;
  #failure: unknown;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(limit: number, waiting: Waiting) {
    this.#limit = limit;
    this.#waiting = waiting;
  }

  /** Ends the request early. */
  end(reason: unknown): void {
    if (!this.#waiting) return;
    this.#failure = reason;
    this.#settle()?.reject(reason as Error);
    this.#abort?.(reason);
  }

  onRequestStart(controller: { readonly abort: Abort }): void {
    this.onConnect((reason) => controller.abort(reason));
  }

  onResponseStart(_controller: unknown, status: number, headers: object): void {
    // An informational response comes before the answer (RFC 9110 §15.2).
    if (status < 200) return;
    this.#status = status;
    this.#headers = textHeaders(headers);
  }

  onResponseData(_controller: unknown, chunk: Uint8Array): void {
    this.onData(chunk);
  }

  onResponseEnd(): void {
    this.onComplete();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.onError(error);
  }

  onConnect(abort: Abort): void {
    this.#abort = abort;
    try {
      this.#waiting?.onBegin?.();
    } catch (error) {
      this.end(error);
    }
    if (!this.#waiting) abort(this.#failure);
  }

  onHeaders(status: number, raw: readonly (Uint8Array | string)[]): boolean {
    this.onResponseStart(undefined, status, headersIn(raw));
    return true;
  }

  onData(chunk: Uint8Array): boolean {
    this.#size += chunk.length;
    if (this.#size > this.#limit) this.end(tooLong(this.#limit));
    else this.#chunks.push(chunk);
    return true;
  }

  onComplete(): void {
    const [only] = this.#chunks;
    const content =
      only && this.#chunks.length === 1
        ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
        : Buffer.concat(this.#chunks);
    const status = this.#status;
    const headers = this.#headers;
    const text = decodedText(content, headers["content-encoding"], this.#limit);
    if (typeof text === "string") {
      const waiting = this.#settle();
      afterReuse(() => waiting?.resolve({ status, headers, body: text }));
    } else
      text.then(
        (body) => this.#settle()?.resolve({ status, headers, body }),
        (error: unknown) => this.end(error),
      );
  }

  onError(error: Error): void {
    this.#settle()?.reject(error);
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.settled();
    return waiting;
  }
}

// Taken at load time, so that a test's fake timers do not hold answers back.
const { queueMicrotask: afterHandler, setImmediate: afterCycle } = globalThis;

/**
 * Goes on when the connection can be used again. undici waits a cycle of the event loop, from when its handler has returned:
 * a request that is sent earlier, as the next one of the same call would be, opens another connection.
 */
function afterReuse(goOn: () => void): void {
  afterHandler(() => afterCycle(goOn));
}

/** Reads headers in pairs of name and value. */
function headersIn(raw: readonly (Uint8Array | string)[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let at = 0; at + 1 < raw.length; at += 2)
    (headers[latin1(raw[at]).toLowerCase()] ??= []).push(latin1(raw[at + 1]));
  return headers;
}

function latin1(text: Uint8Array | string = ""): string {
  return typeof text === "string" ? text : Buffer.from(text).toString("latin1");
}
