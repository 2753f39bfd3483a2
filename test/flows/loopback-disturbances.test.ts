// The redirect server on an open port: whatever else a machine sends to it, it waits for its own answer.
// proves: node/src/interactive/loopback-server.ts
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { heldNetwork } from "../support/held-network.js";
import { beginSignIn, post, tcp, visit, type WaitingSignIn } from "../support/waiting-sign-in.js";

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra();
});
afterAll(() => entra.close());

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
async function connection(port: number): Promise<Socket> {
  const socket = await tcp(port);
  sockets.push(socket);
  return socket;
}

describe("neither ends nor breaks the wait:", () => {
  const disturbances: Readonly<Record<string, (waiting: WaitingSignIn) => Promise<void>>> = {
    "an answer with another state": async ({ origin }) => {
      expect((await post(`${origin}/`, "code=stolen&state=another")).html).toContain("out of date");
    },
    "an answer without state": async ({ origin }) => {
      expect((await post(`${origin}/`, "code=stolen")).status).toBe(400);
    },
    "an answer with the state twice": async ({ origin, state }) => {
      expect((await post(`${origin}/`, `code=stolen&state=${state}&state=${state}`)).status).toBe(400);
    },
    "an answer with the code twice, in the form": async ({ origin, state }) => {
      expect((await post(`${origin}/`, `code=stolen&code=again&state=${state}`)).status).toBe(400);
    },
    "an answer with the issuer twice, in the query": async ({ origin, state }) => {
      expect(await visit(`${origin}/?code=stolen&iss=https://a&state=${state}&iss=https://b`)).toBe(400);
    },
    "an error with another state": async ({ origin }) => {
      expect(await visit(`${origin}/?error=access_denied&state=another`)).toBe(400);
    },
    "the icon": async ({ origin }) => {
      expect(await visit(`${origin}/favicon.ico`)).toBe(404);
    },
    "a visit without parameters": async ({ origin }) => {
      expect(await visit(`${origin}/`)).toBe(404);
      expect(await (await fetch(`${origin}/`)).text()).toContain("There is nothing at this address");
    },
    "a HEAD request with the right state (a link preview)": async ({ origin, state }) => {
      expect(await visit(`${origin}/?code=peeked&state=${state}`, "HEAD")).toBe(404);
    },
    "a PUT and an OPTIONS request": async ({ origin, state }) => {
      for (const method of ["PUT", "OPTIONS"] as const) {
        expect(await visit(`${origin}/?code=peeked&state=${state}`, method)).toBe(404);
      }
    },
    "another path with the right state": async ({ origin, state }) => {
      expect(await visit(`${origin}/other?code=stolen&state=${state}`)).toBe(404);
    },
    "a port scanner that connects and leaves": async ({ port }) => {
      for (let times = 0; times < 5; times += 1) (await connection(port)).destroy();
    },
    "a connection that says nothing": async ({ port }) => {
      await connection(port);
    },
    "a connection that stops in the middle of a request": async ({ port }) => {
      (await connection(port)).write(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ncode=",
      );
    },
    "a connection that speaks another protocol": async ({ port }) => {
      const socket = await connection(port);
      socket.resume().write("\x16\x03\x01\x02\x00\x01\x00garbage\r\n\r\n");
      await once(socket, "close");
    },
    "a form without end": async ({ origin }) => {
      const sent = post(`${origin}/`, `code=${"x".repeat(2_000_000)}`);
      await expect(sent).rejects.toThrow();
    },
  };

  test.each(Object.entries(disturbances))("%s", async (_, disturb) => {
    const waiting = await beginSignIn(entra);
    await disturb(waiting);
    const page = await waiting.complete();
    expect(page).toMatchObject({ status: 200, html: expect.stringContaining("You are signed in") });
    expect(accountOf(await waiting.result).username).toBe("alice@contoso.example");
  });

  test("a second hit while the first is dealt with, which then gets its page", async () => {
    const network = heldNetwork(entra.authority.caPem);
    const app = entra.publicClient({ system: { networkClient: network } });
    const waiting = await beginSignIn(entra, {}, app);
    const page = waiting.complete();
    await network.asked;
    const repeated = await post(`${waiting.origin}/`, `code=again&state=${waiting.state}`);
    expect(repeated.html).toContain("already being completed");
    network.release();
    expect((await page).html).toContain("You are signed in");
    await waiting.result;
    await network.close();
  });

  test("the answer to another sign-in of the same app, which then gets it, too", async () => {
    const app = entra.publicClient();
    const one = await beginSignIn(entra, {}, app);
    const two = await beginSignIn(entra, {}, app);
    expect(two.port).not.toBe(one.port);
    expect((await post(`${one.origin}/`, `code=x&state=${two.state}`)).html).toContain("out of date");
    for (const waiting of [two, one]) {
      expect((await waiting.complete()).html).toContain("You are signed in");
      await waiting.result;
    }
  });
});
