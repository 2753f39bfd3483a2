// The servers that the other tests of this folder talk to.
import { expect, test } from "@jest/globals";
import { describeWith } from "../support/real-part.js";
import {
  hasRedis,
  startRedis,
  startRedisCluster,
  startRedisWithReplica,
  startRedisWithSentinel,
  until,
} from "../support/redis-servers.js";

describeWith("redis-server", hasRedis(), () => {
  test("a server takes settings, stands still, and starts again after it was killed", async () => {
    const server = await startRedis({ requirepass: "secret", maxmemory: "5mb" });
    expect(await server.command("PING")).toBe("PONG");
    expect(await server.command("CONFIG", "GET", "maxmemory")).toEqual(["maxmemory", "5242880"]);
    server.pause();
    const answer = server.command("PING");
    server.resume();
    expect(await answer).toBe("PONG");
    await server.kill();
    await expect(server.command("PING")).rejects.toThrow("ECONNREFUSED");
    await server.restart();
    expect(await server.command("PING")).toBe("PONG");
    await server.stop();
    await expect(server.command("PING")).rejects.toThrow("ECONNREFUSED");
  });

  test("a replica has what its master has", async () => {
    const { master, replica, stop } = await startRedisWithReplica();
    await master.command("SET", "key", "value");
    await until(async () => (await replica.command("GET", "key")) === "value");
    await expect(replica.command("SET", "key", "other")).rejects.toThrow(/^READONLY /);
    await stop();
  });

  test("a sentinel makes the replica the master when the master is gone", async () => {
    const { master, replica, sentinel, name, stop } = await startRedisWithSentinel();
    await master.kill();
    const known = async () => sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name);
    await until(async () => String(await known()) === `127.0.0.1,${replica.port}`);
    expect(String(await replica.command("INFO", "replication"))).toContain("role:master");
    await stop();
  });

  test("a cluster serves all slots, with replicas where asked", async () => {
    const cluster = await startRedisCluster({ masters: 2, replicas: 1 });
    expect(cluster.replicas).toHaveLength(2);
    const [first, second] = cluster.masters;
    await expect(first?.command("GET", "foo")).rejects.toThrow(
      `MOVED 12182 127.0.0.1:${String(second?.port)}`,
    );
    expect(await second?.command("SET", "foo", "bar")).toBe("OK");
    await cluster.stop();
  });
});
