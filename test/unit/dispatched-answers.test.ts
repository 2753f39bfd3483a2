// What a dispatcher of any release of undici makes of a request, and what the application gets to know of it.
// proves: node/src/http/answer.ts, node/src/http/read-text.ts, node/src/http/text-headers.ts
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { answerOf } from "../../packages/node/src/http/answer.js";

/** What a handler is told, in the form of undici 7 and in that of the releases before. */
interface Told {
  start(abort: (reason: unknown) => void): void;
  head(status: number, headers: Readonly<Record<string, string | string[]>>): void;
  data(chunk: Uint8Array): void;
  end(): void;
  error(error: Error): void;
}
type Handler = Readonly<Record<string, (...parameters: readonly unknown[]) => unknown>>;

const FORMS: Readonly<Record<string, (handler: Handler) => Told>> = {
  "undici 7": (handler) => ({
    start: (abort) => handler["onRequestStart"]?.({ abort }, {}),
    head: (status, headers) => handler["onResponseStart"]?.({}, status, headers, ""),
    data: (chunk) => handler["onResponseData"]?.({}, chunk),
    end: () => handler["onResponseEnd"]?.({}, {}),
    error: (error) => handler["onResponseError"]?.({}, error),
  }),
  "undici 6": (handler) => ({
    start: (abort) => handler["onConnect"]?.(abort, {}),
    head: (status, headers) => handler["onHeaders"]?.(status, rawHeaders(headers), () => undefined, ""),
    data: (chunk) => handler["onData"]?.(chunk),
    end: () => handler["onComplete"]?.([]),
    error: (error) => handler["onError"]?.(error),
  }),
};

function rawHeaders(headers: Readonly<Record<string, string | string[]>>) {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [Buffer.from(name), Buffer.from(value)]),
  );
}

const LIMIT = 100;

describe.each(Object.entries(FORMS))("a dispatcher in the form of %s", (_form, form) => {
  /** Sends a request, and plays the dispatcher. */
  function send(play: (told: Told) => void, signal = new AbortController().signal) {
    const dispatch = (_options: object, handler: object) => {
      play(form(handler as Handler));
      return true;
    };
    return answerOf({ dispatch }, {}, { signal, maxResponseBytes: LIMIT });
  }
  const aborted: unknown[] = [];
  const start = (told: Told) => {
    aborted.length = 0;
    told.start((reason) => aborted.push(reason));
  };

  it("answers in pieces, after an informational response", async () => {
    const answer = await send((told) => {
      start(told);
      told.head(103, { link: "early" });
      told.head(200, { "Content-Type": "text/plain", "x-twice": ["1", "2"] });
      const text = Buffer.from("grüß dich");
      told.data(text.subarray(0, 3));
      told.data(text.subarray(3));
      told.end();
    });
    expect(answer).toEqual({
      status: 200,
      headers: { "content-type": "text/plain", "x-twice": "1, 2" },
      body: "grüß dich",
    });
  });

  it.each<[string, readonly Uint8Array[], string]>([
    ["nothing", [], ""],
    ["one piece of a larger buffer", [Buffer.from("(inside)").subarray(1, 7)], "inside"],
  ])("answers with %s", async (_what, chunks, body) => {
    const played = send((told) => {
      start(told);
      told.head(204, {});
      for (const chunk of chunks) told.data(chunk);
      told.end();
    });
    expect(await played).toEqual({ status: 204, headers: {}, body });
  });

  it("answers compressed", async () => {
    const answer = await send((told) => {
      start(told);
      told.head(200, { "content-encoding": "gzip" });
      told.data(gzipSync("text"));
      told.end();
    });
    expect(answer.body).toBe("text");
  });

  it.each<[string, RegExp, Uint8Array, Record<string, string>]>([
    ["too long", /longer than 100 bytes/, Buffer.alloc(LIMIT + 1), {}],
    [
      "too long once decoded",
      /longer than 100 bytes/,
      gzipSync("x".repeat(LIMIT + 1)),
      { "content-encoding": "gzip" },
    ],
    ["in an unknown encoding", /"zstd"/, Buffer.from("x"), { "content-encoding": "zstd" }],
  ])("that answers %s is refused", async (_what, says, chunk, headers) => {
    const played = send((told) => {
      start(told);
      told.head(200, headers);
      told.data(chunk);
      told.end();
    });
    await expect(played).rejects.toThrow(says);
  });

  it("is stopped in the middle of an answer that is too long", async () => {
    const played = send((told) => {
      start(told);
      told.head(200, {});
      told.data(Buffer.alloc(LIMIT + 1));
    });
    await expect(played).rejects.toThrow("longer than");
    expect(aborted).toHaveLength(1);
  });

  it.each(["before", "in the middle of"])("fails %s the answer", async (when) => {
    const error = new Error("closed");
    const played = send((told) => {
      start(told);
      if (when !== "before") told.head(200, {});
      told.error(error);
    });
    await expect(played).rejects.toBe(error);
  });

  it("throws by itself", async () => {
    const error = new Error("closed already");
    const played = send(() => {
      throw error;
    });
    await expect(played).rejects.toBe(error);
  });

  it.each(["before it has a connection", "while it has one"])("is left %s", async (when) => {
    const controller = new AbortController();
    const reason = new Error("left");
    let late: Told | undefined;
    const played = send((told) => {
      late = told;
      if (when === "while it has one") start(told);
    }, controller.signal);
    controller.abort(reason);
    await expect(played).rejects.toBe(reason);
    if (late && when !== "while it has one") start(late);
    expect(aborted).toEqual([reason]);
    late?.error(new Error("the abort"));
  });

  it("is not asked when the caller has left before", async () => {
    const reason = new Error("left");
    let isAsked = false;
    const played = send(() => {
      isAsked = true;
    }, AbortSignal.abort(reason));
    await expect(played).rejects.toBe(reason);
    expect(isAsked).toBe(false);
  });
});
