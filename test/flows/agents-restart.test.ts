// The tokens of agents outlive the process, with a plugin and with a store, and are found by name.
// proves: core/src/cache/memory/agent-users.ts, core/src/exchange/accept-tokens.ts,
// core/src/cache/storage/cache-access.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import {
  createMemoryTokenStore,
  type AgentTokenRequest,
  type CacheOptions,
  type TokenStore,
} from "@tessera/node";
import {
  agent,
  agentStage,
  appScopes,
  ask,
  purpose,
  tenants,
  user,
  type AgentStage,
} from "../support/agent-stage.js";
import { filePlugin } from "../support/file-plugin.js";

const [tenant = ""] = tenants;
const alice = "Alice@contoso.example";
const byName = { user: { username: "alice@Contoso.example" } };
const byId = { user: { objectId: user(0) } };
const asItself = { user: undefined, scopes: appScopes };

let stage: AgentStage;
beforeEach(() => {
  stage = agentStage();
  for (const [index, name] of [alice, "bob@contoso.example"].entries())
    stage.names.set(`${tenant} ${name.toLowerCase()}`, user(index));
});

describe.each<[string, () => CacheOptions]>([
  ["a plugin", () => ({ cachePlugin: filePlugin({ text: "" }) })],
  ["a store", () => ({ store: createMemoryTokenStore(stage.clock) })],
])("with %s", (_, cacheOf) => {
  it.each<[string, Partial<AgentTokenRequest>, Partial<AgentTokenRequest>]>([
    ["for a user by name", byName, byName],
    ["for a user by id", byId, byId],
    ["for a user by name who was asked for by id", byId, byName],
    ["for a user by id who was asked for by name", byName, byId],
    ["for the agent itself", asItself, asItself],
  ])("a token %s is found after a restart", async (__, before, after) => {
    const cache = cacheOf();
    const first = await ask(stage.app({ cache }), before);
    stage.legs();
    const app = stage.app({ cache });
    for (let turn = 0; turn < 2; turn += 1)
      expect(await ask(app, after)).toMatchObject({
        fromCache: true,
        accessToken: first.accessToken,
        account: first.account,
      });
    expect(stage.legs()).toEqual([]);
    expect(await app.getAllAccounts()).toEqual([]);
  });

  it("another user and another resource take one request after a restart", async () => {
    const cache = cacheOf();
    await ask(stage.app({ cache }), byName);
    stage.legs();
    const app = stage.app({ cache });
    const bob = await ask(app, { user: { username: "bob@contoso.example" } });
    expect(purpose(bob)["user"]).toBe(user(1));
    expect(stage.legs()).toEqual(["user"]);
    await ask(app, { ...byName, scopes: ["api://orders/read"] });
    expect(stage.legs()).toEqual(["user"]);
  });

  it("a hundred cold calls are three requests, and one agent has nothing of another", async () => {
    const app = stage.app({ cache: cacheOf() });
    await Promise.all(Array.from({ length: 100 }, () => ask(app, byName)));
    expect(stage.legs()).toEqual(["t1", "t2", "user"]);
    await ask(app, { ...byName, agentId: agent(1) });
    expect(stage.legs()).toEqual(["t1", "t2", "user"]);
  });

  it("a name that two users have had is asked for again", async () => {
    const cache = cacheOf();
    const app = stage.app({ cache });
    await ask(app, byName);
    stage.names.set(`${tenant} ${alice.toLowerCase()}`, user(1));
    await ask(app, { user: { objectId: user(1) } });
    stage.legs();
    expect(purpose(await ask(stage.app({ cache }), byName))["user"]).toBe(user(1));
    expect(stage.legs()).toEqual(["user"]);
  });
});

it("a store is asked for one partition, and never for the list of all users", async () => {
  const log: string[] = [];
  const kept = createMemoryTokenStore(stage.clock);
  const store: TokenStore = {
    load: (name) => (log.push(`load ${name}`), kept.load(name)),
    update: (name, change) => (log.push(`update ${name}`), kept.update(name, change)),
    list: (group, cursor) => (log.push(`list ${group}`), kept.list(group, cursor)),
    inTurn: (name, work, signal) => kept.inTurn(name, work, signal),
  };
  await ask(stage.app({ cache: { store } }), byName);
  const [own, home] = [`app:${agent(0)}.${tenant}`, `user:${user(0)}.${tenant}`];
  expect(log.filter((entry) => entry.startsWith("list"))).toEqual([]);
  expect(log.slice(-2)).toEqual([`update ${home}`, `update ${own}`]);
  const app = stage.app({ cache: { store } });
  log.length = 0;
  await ask(app, byName);
  expect(log).toEqual([`load ${own}`, `load ${home}`]);
  log.length = 0;
  await ask(app, byName);
  await ask(app, byId);
  expect(log).toEqual([`load ${home}`, `load ${home}`]);
});

it("in memory and in a file, the user's ID token is kept once", async () => {
  const app = stage.app();
  await ask(app, byName);
  const { IdToken } = JSON.parse(app.getTokenCache().serialize()) as Record<string, object>;
  expect(Object.keys(IdToken ?? {})).toHaveLength(1);
  expect(app.getTokenCache().stats()).toMatchObject({ tokens: 4, partitions: { apps: 2, users: 1 } });
});
