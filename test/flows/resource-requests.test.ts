// createResourceFetch behaves as fetch does: with streams, Request objects, signals, and redirects that the caller follows.
// proves: node/src/resource/repeatable-request.ts, node/src/resource/create-resource-fetch.ts
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  createResourceFetch,
  createResourceTokens,
  type ResourceFetchOptions,
  type ResourceOptions,
} from "@tessera/node";
import { startFakeIssuer, type FakeIssuer } from "../support/fake-issuer.js";
import { startResource, type TestResource } from "../support/protected-resource.js";

let issuer: FakeIssuer;
let resource: TestResource;
let fetch: typeof globalThis.fetch;
const agent = (over: Partial<ResourceFetchOptions> = {}) =>
  createResourceFetch({
    client: { name: "Agent" },
    openBrowser: issuer.openBrowser,
    system: { proxy: false },
    ...over,
  });
beforeEach(async () => {
  issuer = await startFakeIssuer();
  resource = await startResource(issuer.url);
  fetch = agent();
});
afterEach(() => Promise.all([issuer.close(), resource.close()]));

const streamOf = (...chunks: readonly string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
const half = { method: "POST", duplex: "half" } as const;
const sent = () => resource.calls().map(({ body, token }) => [body, token !== undefined]);

describe("a body is sent again with the token, also if it is", () => {
  const form = new FormData();
  form.set("name", "value");
  const cases: readonly (readonly [string, RequestInit, string])[] = [
    ["a text", { method: "POST", body: "hello" }, "hello"],
    ["bytes", { method: "PUT", body: new TextEncoder().encode("hello") }, "hello"],
    ["a form", { method: "POST", body: new URLSearchParams({ a: "b" }) }, "a=b"],
    ["a file", { method: "POST", body: new Blob(["hello"]) }, "hello"],
    ["a stream", { ...half, body: streamOf("hel", "lo") }, "hello"],
  ];
  test.each(cases)("%s", async (_title, init, text) => {
    expect((await fetch(resource.url, init)).status).toBe(200);
    expect(sent()).toEqual([
      [text, false],
      [text, true],
    ]);
    const [first, second] = resource.calls();
    expect(second?.headers["content-type"]).toBe(first?.headers["content-type"]);
  });

  test("that of a Request, whose headers are kept", async () => {
    const request = new Request(resource.url, { method: "POST", body: "hello", headers: { "x-own": "1" } });
    expect((await fetch(request)).status).toBe(200);
    expect(sent()).toEqual([
      ["hello", false],
      ["hello", true],
    ]);
    expect(resource.calls().map(({ headers }) => headers["x-own"])).toEqual(["1", "1"]);
  });
});

test("a stream that is too long to be kept fails clearly, and the next call has the token", async () => {
  const long = () => streamOf(...Array.from({ length: 20 }, () => "x".repeat(100_000)));
  await expect(fetch(resource.url, { ...half, body: long() })).rejects.toThrow(
    /stream of more than 1048576 bytes/,
  );
  expect((await fetch(resource.url, { ...half, body: long() })).status).toBe(200);
  expect(resource.calls().at(-1)?.body).toHaveLength(2_000_000);
});

test("a response that streams is returned as it is, unread", async () => {
  await fetch(resource.url);
  resource.reply = ({ path }) =>
    path === "/mcp" ? { headers: { "content-type": "text/event-stream" }, body: "data: 1\n\n" } : undefined;
  const response = await fetch(resource.url);
  expect(response.bodyUsed).toBe(false);
  expect(await response.text()).toBe("data: 1\n\n");
});

test('with redirect: "manual" the caller gets the redirect', async () => {
  await fetch(resource.url);
  resource.reply = ({ path }) =>
    path === "/mcp" ? { status: 307, headers: { location: "/mcp/" } } : undefined;
  const response = await fetch(resource.url, { redirect: "manual" });
  expect([response.status, response.headers.get("location")]).toEqual([307, "/mcp/"]);
  await expect(fetch(resource.url, { redirect: "error" })).rejects.toThrow("fetch failed");
});

describe("the signal ends", () => {
  test("a sign-in that nobody else waits for, with its own reason", async () => {
    const controller = new AbortController();
    const reason = new Error("the window was closed");
    const waiting = agent({
      openBrowser: () => {
        controller.abort(reason);
        return new Promise(() => undefined);
      },
    })(resource.url, { signal: controller.signal });
    await expect(waiting).rejects.toBe(reason);
  });

  test("one caller alone, while others go on", async () => {
    const controller = new AbortController();
    const shared = agent({
      openBrowser: async (url) => {
        controller.abort();
        await issuer.openBrowser(url);
      },
    });
    const [left, stayed] = await Promise.allSettled([
      shared(resource.url, { signal: controller.signal }),
      shared(resource.url),
    ]);
    expect(left.status).toBe("rejected");
    expect(stayed.status).toBe("fulfilled");
    expect(issuer.visits).toHaveLength(1);
  });

  test("a call before it has begun", async () => {
    await expect(fetch(resource.url, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(resource.requests).toEqual([]);
  });
});

test("another client sends its requests with the same tokens", async () => {
  const tokens = createResourceTokens({
    client: { name: "Agent" },
    openBrowser: issuer.openBrowser,
    system: { proxy: false },
  });
  const first = await tokens.begin(resource.url);
  expect(first.token).toBeUndefined();
  const refused = await globalThis.fetch(resource.url);
  const second = await tokens.next(first, refused);
  expect(second?.token).toMatchObject({ tokenType: "Bearer", covers: resource.url });
  expect((await createResourceFetch({ tokens })(resource.url)).status).toBe(200);
  expect(await tokens.next(second ?? first, new Response("{}"))).toBeUndefined();
  expect(issuer.visits).toHaveLength(1);
});

describe("options are checked before anything is sent:", () => {
  const client = { name: "Agent" };
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, "options"],
    [{}, "client"],
    [{ client: {} }, "client"],
    [{ client: { name: "" } }, "client.name"],
    [{ client: { metadataUrl: "http://agent.example/client.json" } }, "client.metadataUrl"],
    [{ client: { metadataUrl: "https://agent.example" } }, "client.metadataUrl"],
    [{ client: { metadataUrl: "https://agent.example/a/../client.json" } }, "client.metadataUrl"],
    [{ client: { registered: "all" } }, "client.registered"],
    [{ client: { name: "Agent", redirectUri: "back" } }, "client.redirectUri"],
    [{ client, grant: "password" }, "grant"],
    [{ client, grant: "assertion" }, "assertion"],
    [{ client, assertion: "a.b.c" }, "assertion"],
    [{ client, openBrowser: "firefox" }, "openBrowser"],
    [{ client, onDeviceCode: true }, "onDeviceCode"],
    [{ client, allowIssuer: ["https://idp.example"] }, "allowIssuer"],
    [{ client, fetch: "fetch" }, "fetch"],
  ];
  test.each(cases)("%j", (options, field) => {
    expect(() => createResourceFetch(options as ResourceOptions)).toThrow(field);
  });
});
