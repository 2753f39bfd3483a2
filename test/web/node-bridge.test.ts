// Between node:http and the web's Request and Response nothing is lost, and no client chooses the site's address.
// proves: web/src/node-bridge.ts, web/src/index.ts
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { requestOf, sendResponse } from "@tessera/web";

const site = "https://orders.example";
let server: Server;
let port: number;
let answer: (request: Request, incoming: IncomingMessage) => Promise<Response>;
let parsedBody: unknown;
let sending: (done: Promise<void>) => Promise<void>;

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    outgoing.setHeader("set-cookie", "earlier=1");
    answer(requestOf(incoming, site, parsedBody), incoming)
      .then((response) => {
        const done = sendResponse(response, outgoing);
        return sending(done);
      })
      .catch(() => outgoing.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => {
  parsedBody = undefined;
  sending = (done) => done;
  answer = async ({ url, method }) => Response.json({ url, method });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends what no client library would, and returns all that comes back. */
async function raw(...lines: readonly string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end([...lines, "Connection: close", "", ""].join("\r\n"));
  return text(socket);
}

test.each([
  ["/orders?of=mine", "/orders?of=mine"],
  ["//evil.example/orders", "//evil.example/orders"],
  ["http://evil.example/orders?a=1", "/orders?a=1"],
  ["http://evil.example", "/"],
  ["http://evil.example?a=1", "/?a=1"],
  ["/\\evil.example", "//evil.example"],
])("a request for %s is one to the site", async (target, path) => {
  const response = await raw(`GET ${target} HTTP/1.1`, "Host: evil.example");
  expect(response).toContain(JSON.stringify({ url: `${site}${path}`, method: "GET" }));
});

test.each(["TRACE", "OPTIONS"])("the method %s becomes one that does nothing", async (method) => {
  expect(await raw(`${method} / HTTP/1.1`, "Host: a")).toContain('"method":"OPTIONS"');
});

test("a body is read when it is asked for, and otherwise left to the app", async () => {
  const post = async (): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "a=1&a=2" })).json();
  answer = async (request) => Response.json(await request.text());
  expect(await post()).toBe("a=1&a=2");
  answer = async (_, incoming) => Response.json(await text(incoming));
  expect(await post()).toBe("a=1&a=2");
});

test.each<[string, unknown, string]>([
  ["application/x-www-form-urlencoded", { a: ["1", "2"], b: "x y" }, "a=1&a=2&b=x+y"],
  ["application/json", { a: 1 }, '{"a":1}'],
  ["text/plain", "as it is", "as it is"],
])("a body that a framework has parsed as %s is what it was", async (type, parsed, expected) => {
  parsedBody = parsed;
  answer = async (request) => new Response(await request.text());
  const init = { method: "POST", body: "consumed", headers: { "content-type": type } };
  expect(await (await fetch(`http://127.0.0.1:${port}/`, init)).text()).toBe(expected);
});

test("status, headers and all cookies arrive", async () => {
  answer = async () => {
    const headers = new Headers({ location: "/next", "cache-control": "no-store" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2, still b");
    return new Response(null, { status: 303, headers });
  };
  const { status, headers } = await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" });
  expect([status, headers.get("location"), headers.get("cache-control")]).toEqual([303, "/next", "no-store"]);
  expect(headers.getSetCookie()).toEqual(["earlier=1", "a=1", "b=2, still b"]);
});

test("a client that goes away does not fail the answer", async () => {
  const sent = new Promise<void>((resolve, reject) => {
    sending = (done) => done.then(resolve, reject);
  });
  answer = async (_, incoming) =>
    new Response(
      new ReadableStream({
        pull: (controller) => {
          controller.enqueue(new Uint8Array(1 << 20));
          incoming.socket.destroy();
        },
      }),
    );
  await expect(fetch(`http://127.0.0.1:${port}/`).then((response) => response.text())).rejects.toThrow();
  await sent;
});

test("an answer that breaks off is an error of the app", async () => {
  const sent = new Promise<void>((resolve, reject) => {
    sending = (done) => done.then(resolve, reject);
  });
  sent.catch(() => undefined);
  answer = async () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.error(new Error("the database is away")),
      }),
    );
  await expect(fetch(`http://127.0.0.1:${port}/`).then((response) => response.text())).rejects.toThrow();
  await expect(sent).rejects.toThrow("the database is away");
});
