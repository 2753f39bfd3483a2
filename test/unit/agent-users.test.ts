// The users of an agent, found by name in what is cached.
// proves: core/src/cache/memory/agent-users.ts
import { describe, expect, it } from "@jest/globals";
import { findUserOfAgent, noteUser } from "../../packages/core/src/cache/memory/agent-users.js";
import { Partition } from "../../packages/core/src/cache/memory/partition.js";
import { appPartition, userPartition } from "../../packages/core/src/cache/memory/partition-key.js";
import { TokenMemory } from "../../packages/core/src/cache/memory/token-memory.js";
import type { IdTokenEntity } from "../../packages/core/src/cache/schema/schema.js";

const realm = "10000000-0000-4000-8000-000000000001";
const clientId = "the-agent";
const partition = appPartition(clientId, realm);
const query = { partition, clientId, environments: new Set(["login.windows.net"]), realms: [realm] };

function idToken(name: string | undefined, over: Partial<IdTokenEntity> = {}): IdTokenEntity {
  const claims = Buffer.from(JSON.stringify({ preferred_username: name })).toString("base64url");
  return {
    credential_type: "IdToken",
    home_account_id: `alice.${realm}`,
    environment: "login.windows.net",
    client_id: clientId,
    realm,
    secret: `e30.${claims}.c2ln`,
    ...over,
  };
}

/** A cache in which the agent has a token, and users have these ID tokens. */
function memoryWith(...tokens: readonly IdTokenEntity[]): TokenMemory {
  const memory = new TokenMemory();
  memory.put(partition, ofAgent());
  for (const [index, entity] of tokens.entries()) {
    const key = userPartition(entity.home_account_id ?? "");
    const user = memory.partitions.get(key)?.copy() ?? new Partition();
    user.append({ section: "IdToken", key: String(index), entity });
    memory.put(key, user);
  }
  return memory;
}

function ofAgent(): Partition {
  const own = new Partition();
  const token = {
    credential_type: "AccessToken",
    environment: "login.windows.net",
    client_id: clientId,
    secret: "t2",
  };
  const times = { cached_at: "0", expires_on: "9999999999" };
  own.append({
    section: "AccessToken",
    key: "t2",
    entity: { ...token, ...times, realm, target: "exchange" },
  });
  return own;
}

describe("a user of an agent", () => {
  it("is found by name, in any case", () => {
    const memory = memoryWith(
      idToken("Alice@contoso.example"),
      idToken("bob@contoso.example", { home_account_id: `bob.${realm}` }),
    );
    expect(findUserOfAgent(memory, { ...query, username: "alice@contoso.example" })).toEqual({
      partition: userPartition(`alice.${realm}`),
      username: "Alice@contoso.example",
    });
  });

  it.each<[string, readonly IdTokenEntity[]]>([
    ["another client", [idToken("alice", { client_id: "the-blueprint" })]],
    ["another tenant", [idToken("alice", { realm: "20000000-0000-4000-8000-000000000002" })]],
    ["another cloud", [idToken("alice", { environment: "login.microsoftonline.us" })]],
    ["a guest, whose name another tenant gives", [idToken("alice", { home_account_id: "alice.elsewhere" })]],
    ["a user without a name", [idToken(undefined)]],
    [
      "two users, one of whom has had the name before",
      [idToken("alice"), idToken("ALICE", { home_account_id: `bob.${realm}` })],
    ],
  ])("is not found for %s", (_, tokens) => {
    expect(findUserOfAgent(memoryWith(...tokens), { ...query, username: "alice" })).toBeUndefined();
  });

  it("is not searched for while the agent has no token", () => {
    const memory = memoryWith(idToken("alice"));
    memory.put(partition, undefined);
    expect(findUserOfAgent(memory, { ...query, username: "alice" })).toBeUndefined();
  });

  it("is noted in the agent's partition, where it is found alone", () => {
    const memory = memoryWith();
    noteUser(memory, partition, idToken("alice"));
    noteUser(memory, partition, idToken("alice"));
    expect([...(memory.partitions.get(partition)?.all("IdToken") ?? [])]).toHaveLength(1);
    expect(findUserOfAgent(memory, { ...query, username: "alice" })?.partition.id).toBe(`alice.${realm}`);
  });

  it("is not noted for an agent without a token, and the notes are bounded", () => {
    const memory = memoryWith();
    memory.put(partition, undefined);
    noteUser(memory, partition, idToken("alice"));
    expect(memory.partitions.get(partition)).toBeUndefined();
    memory.put(partition, ofAgent());
    for (let index = 0; index < 150; index += 1)
      noteUser(memory, partition, idToken(`user${index}`, { home_account_id: `user${index}.${realm}` }));
    expect([...(memory.partitions.get(partition)?.all("IdToken") ?? [])]).toHaveLength(100);
    expect(findUserOfAgent(memory, { ...query, username: "user0" })).toBeUndefined();
    expect(findUserOfAgent(memory, { ...query, username: "user149" })).toBeDefined();
  });
});
