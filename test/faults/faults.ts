import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { Answer } from "../support/fake-provider.js";

/** What a server does in place of a good answer. */
export interface Fault {
  /** @param good the answer that the server would give, and the time by the server's clock */
  readonly answer: (good: Answer, now: number) => Answer;
  /** What becomes of a request that may be sent again always. */
  readonly kind: Kind;
  /** Whether the call ends only because of its limit. */
  readonly hangs?: true;
}

/**
 * `again`: it may help to send the request again, and only that. `pause`: the server wants a pause. `final`: another attempt
 * would not help. `works`: it is no fault for the client.
 */
export type Kind = "again" | "pause" | "final" | "works";

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
/** The server of the test does not know that the answer is complete. */
const LAST = "connection: close\r\n";
const raw = (take: (socket: Socket) => void) => (): Answer => ({ raw: take });
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (): Answer => ({
    status: code,
    headers,
    body: { error: "temporarily_unavailable" },
  });
const text = ({ body }: Answer): string => (typeof body === "string" ? body : JSON.stringify(body));

/** Five thousand objects, one in the other. */
const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;

export const faults: Readonly<Record<string, Fault>> = {
  "a reset before an answer": { answer: raw((socket) => socket.resetAndDestroy()), kind: "again" },
  "a reset in the headers": {
    answer: raw((socket) => socket.write(HEAD, () => socket.resetAndDestroy())),
    kind: "again",
  },
  "a reset after the headers": {
    answer: raw((socket) =>
      socket.write(`${HEAD}content-length: 100\r\n\r\n{`, () => socket.resetAndDestroy()),
    ),
    kind: "again",
  },
  "an end in the body": {
    answer: raw((socket) => socket.end(`${HEAD}content-length: 100\r\n\r\n{"access_token":"x"`)),
    kind: "again",
  },
  "no answer": { answer: raw(() => undefined), kind: "again", hangs: true },
  "headers, and no body": {
    answer: raw((socket) => void socket.write(`${HEAD}content-length: 100\r\n\r\n`)),
    kind: "again",
    hangs: true,
  },
  "an answer that never ends": {
    answer: raw((socket) => {
      socket.write(`${HEAD}content-length: 100000\r\n\r\n`);
      const timer = setInterval(() => socket.write(" "), 5);
      socket.once("close", () => clearInterval(timer));
    }),
    kind: "again",
    hangs: true,
  },
  "HTTP 408": { answer: status(408), kind: "again" },
  "HTTP 500": { answer: status(500), kind: "again" },
  "HTTP 502": { answer: status(502), kind: "again" },
  "HTTP 503": { answer: status(503), kind: "again" },
  "HTTP 504": { answer: status(504), kind: "again" },
  "HTTP 429 for a second": { answer: status(429, { "retry-after": "1" }), kind: "again" },
  "HTTP 503 until a date": {
    answer: (_, now) => status(503, { "retry-after": new Date(now + 2000).toUTCString() })(),
    kind: "again",
  },
  "HTTP 429 for an hour": { answer: status(429, { "retry-after": "3600" }), kind: "pause" },
  "HTTP 429 for longer than an hour": { answer: status(429, { "retry-after": "99999" }), kind: "pause" },
  "HTTP 503 until a date far away": {
    answer: (_, now) => status(503, { "retry-after": new Date(now + 600_000).toUTCString() })(),
    kind: "pause",
  },
  "HTTP 400": { answer: () => ({ status: 400, body: { error: "invalid_request" } }), kind: "final" },
  "a page": { answer: () => ({ body: "<html>", headers: { "content-type": "text/html" } }), kind: "final" },
  "JSON that breaks off": { answer: () => ({ body: '{"access_token":"x' }), kind: "final" },
  "JSON of 5,000 levels": { answer: () => ({ body: deep }), kind: "final" },
  "an error of 5,000 levels": {
    answer: () => ({ status: 400, body: `{"error":"invalid_request","error_description":${deep}}` }),
    kind: "final",
  },
  "3 MB": { answer: () => ({ body: `"${"x".repeat(3 * 1024 * 1024)}"` }), kind: "final" },
  "an unknown encoding": {
    answer: (good) => ({ ...good, headers: { "content-encoding": "zstd-9" } }),
    kind: "final",
  },
  "3 MB, compressed": {
    answer: raw((socket) => {
      const body = gzipSync(" ".repeat(3 * 1024 * 1024));
      socket.write(`${HEAD}content-encoding: gzip\r\n${LAST}content-length: ${body.length}\r\n\r\n`);
      socket.end(body);
    }),
    kind: "final",
  },
  "a byte order mark": { answer: (good) => ({ ...good, body: `\ufeff${text(good)}` }), kind: "works" },
  "gzip unasked": {
    answer: (good) => ({
      raw: (socket) => {
        const body = gzipSync(text(good));
        socket.write(`${HEAD}content-encoding: gzip\r\n${LAST}content-length: ${body.length}\r\n\r\n`);
        socket.end(body);
      },
    }),
    kind: "works",
  },
  "chunks with trailers": {
    answer: (good) => ({
      raw: (socket) => {
        const body = text(good);
        const size = Buffer.byteLength(body).toString(16);
        const end = "0\r\nx-checksum: abc\r\nserver-timing: total;dur=1\r\n\r\n";
        socket.write(
          `${HEAD}transfer-encoding: chunked\r\n${LAST}trailer: x-checksum\r\n\r\n${size}\r\n${body}\r\n${end}`,
        );
      },
    }),
    kind: "works",
  },
};
