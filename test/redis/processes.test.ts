// Processes that need the same refresh send one token request, and nothing of a store keeps a process alive.
// proves: redis/src/create-redis-store.ts, redis/src/turns.ts, redis/src/lease.ts
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createRedisStore, type RedisClient } from "@tessera/redis";
import { assertBuilt, root } from "../packages/workspace.js";
import { describeWith } from "../support/real-part.js";
import { clientOf } from "../support/redis-clients.js";
import { hasRedis, startRedis, type RedisServer } from "../support/redis-servers.js";

const clientId = "30000000-0000-4000-8000-00000000ca11";
const tenantId = "20000000-0000-4000-8000-00000000c0de";
const environment = "login.windows.net";
const scopes = ["User.Read"];
const auth = {
  clientId,
  clientSecret: "a secret",
  authority: `https://login.microsoftonline.com/${tenantId}`,
};
const accountOf = (index: number) => ({
  homeAccountId: `1000000${index}-0000-4000-8000-000000000000.${tenantId}`,
  environment,
  tenantId,
  username: `user${index}@contoso.example`,
  localAccountId: `1000000${index}-0000-4000-8000-000000000000`,
});

/** A user whose access token has expired, and whose refresh token is the first. */
function expired(index: number): string {
  const { homeAccountId: home, localAccountId, username } = accountOf(index);
  const own = { home_account_id: home, environment, client_id: clientId };
  const past = String(Math.floor(Date.now() / 1000) - 60);
  return JSON.stringify({
    Account: {
      [`${home}-${environment}-${tenantId}`]: {
        home_account_id: home,
        environment,
        realm: tenantId,
        local_account_id: localAccountId,
        username,
        authority_type: "MSSTS",
      },
    },
    IdToken: {},
    AccessToken: {
      [`${home}-${environment}-accesstoken-${clientId}-${tenantId}-user.read-`]: {
        ...own,
        credential_type: "AccessToken",
        realm: tenantId,
        target: "User.Read",
        secret: "expired",
        token_type: "Bearer",
        cached_at: past,
        expires_on: past,
        extended_expires_on: past,
      },
    },
    RefreshToken: {
      [`${home}-${environment}-refreshtoken-${clientId}---`]: {
        ...own,
        credential_type: "RefreshToken",
        secret: `refresh ${index} 0`,
      },
    },
    AppMetadata: {},
  });
}

describeWith("redis-server", hasRedis(), () => {
  let server: RedisServer;
  let provider: Server;
  /** The refresh tokens that the provider was sent. Each may be used once. */
  let sent: string[] = [];
  const running = new Set<ChildProcess>();
  beforeAll(async () => {
    assertBuilt();
    server = await startRedis();
    provider = createServer((request, response) => {
      void (async () => {
        let body = "";
        for await (const chunk of request) body += String(chunk);
        const token = new URLSearchParams(body).get("refresh_token") ?? "";
        const isUsed = sent.includes(token);
        sent.push(token);
        const [, user, use] = token.split(" ");
        // As long as it takes until all others wait, so that they would be heard if they did not.
        while ((await waiting()) < 1) await new Promise((resolve) => setImmediate(resolve));
        response.setHeader("content-type", "application/json");
        response.statusCode = isUsed ? 400 : 200;
        response.end(
          JSON.stringify(
            isUsed
              ? { error: "invalid_grant", error_description: "used twice" }
              : {
                  token_type: "Bearer",
                  expires_in: 3599,
                  access_token: `access of user ${user}`,
                  refresh_token: `refresh ${user} ${Number(use) + 1}`,
                  scope: "User.Read",
                },
          ),
        );
      })();
    }).listen(0, "127.0.0.1");
    await once(provider, "listening");
  });
  afterAll(async () => {
    for (const child of running) child.kill("SIGKILL");
    provider.close();
    provider.closeAllConnections();
    await server.stop();
  });

  /** How many leases there are. */
  const waiting = async (): Promise<number> =>
    ((await server.command("KEYS", "tessera:*turn:*")) as string[]).length;
  const start = async (library: string, index: number): Promise<ChildProcess> => {
    const { port } = provider.address() as AddressInfo;
    const given = {
      library,
      url: server.url,
      provider: `http://127.0.0.1:${port}/`,
      auth,
      account: accountOf(index),
      scopes,
    };
    const child = fork(join(root, "test/redis/refreshing.mjs"), [JSON.stringify(given)]);
    running.add(child);
    child.once("exit", () => running.delete(child));
    await once(child, "message");
    return child;
  };
  const store = async (index: number): Promise<void> => {
    const { client, close } = await clientOf("redis 6", server);
    const seeding = createRedisStore({ client: client as RedisClient, memory: false });
    const partition = `user:${accountOf(index).homeAccountId}`;
    await seeding.update(partition, () => ({ document: expired(index), group: "users" }));
    await seeding.close();
    await close();
  };

  /** Each process takes a second to start; `TESSERA_PROCESSES=20` starts as many by hand. */
  const count = Number(process.env["TESSERA_PROCESSES"] ?? 6);

  test("processes of both libraries that need the same refresh send one token request", async () => {
    sent = [];
    await store(1);
    const children = await Promise.all(
      Array.from({ length: count }, async (_, index) => start(index % 2 === 0 ? "redis" : "ioredis", 1)),
    );
    const answers = children.map(async (child) => {
      const [answer] = (await once(child, "message")) as [{ readonly accessToken?: string }];
      return answer.accessToken ?? answer;
    });
    const ended = children.map(async (child) => once(child, "exit"));
    for (const child of children) child.send("go");
    expect(await Promise.all(answers)).toEqual(children.map(() => "access of user 1"));
    expect(sent).toEqual(["refresh 1 0"]);
    // Each ends by itself, although its store is not closed.
    expect(await Promise.all(ended)).toEqual(children.map(() => [0, null]));
  }, 240_000);
});
