// Nothing of one agent, user, tenant or resource is ever given to another, whatever is asked in whatever order: users who are
// renamed, names that are given to others, capitals, expiry, restarts.
// proves: core/src/flows/agent.ts, core/src/cache/memory/agent-users.ts
import { describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore, type AuthenticationResult, type CacheOptions } from "@tessera/node";
import fc from "fast-check";
import { agent, agentStage, purpose, tenants, user, type AgentStage } from "../support/agent-stage.js";
import { filePlugin } from "../support/file-plugin.js";
import "../support/property-seed.js";
import { isFull } from "../support/sample.js";

const NAMES = ["alice@contoso.example", "bob@contoso.example", "carol@contoso.example"];
const SCOPES = ["User.Read", "api://orders/read"];

interface Wish {
  readonly do: "ask";
  readonly tenant: number;
  readonly agent: number;
  /** As itself, by object id, or by name. */
  readonly by: "itself" | "id" | "name";
  readonly user: number;
  readonly capitals: boolean;
  readonly scope: number;
}
type Step =
  | { readonly do: "together"; readonly wishes: readonly Wish[] }
  /** The first user gets the second one's name, who gets a name that is new. */
  | { readonly do: "rename"; readonly tenant: number; readonly to: number; readonly name: number }
  | { readonly do: "wait"; readonly seconds: number }
  | { readonly do: "restart" }
  | { readonly do: "forget"; readonly tenant: number; readonly user: number };

const below = (max: number) => fc.integer({ min: 0, max: max - 1 });
/** Mostly the first of two, so that much happens to the same agent. */
const mostly = fc.constantFrom(0, 0, 0, 1);
const wish: fc.Arbitrary<Wish> = fc.record({
  do: fc.constant("ask" as const),
  tenant: mostly,
  agent: mostly,
  by: fc.constantFrom("itself", "id", "id", "name", "name", "name"),
  user: fc.constantFrom(0, 0, 1, 1, 2),
  capitals: fc.boolean(),
  scope: below(2),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("together" as const),
      wishes: fc.array(wish, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("rename" as const),
      tenant: mostly,
      to: below(2),
      name: below(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(100, 3400) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("forget" as const), tenant: below(2), user: below(3) }),
  },
);

/** Entra with its users, an application, and what the application has seen of their names. */
class World {
  readonly #stage: AgentStage = agentStage();
  readonly #cache: CacheOptions | undefined;
  #app = this.#stage.app();
  /** The name of each user in the latest response, by tenant, agent and user. */
  readonly #seen = new Map<string, string>();
  /** The user whom the latest response with a name was about, by tenant, agent and name. */
  readonly #holders = new Map<string, string>();
  #renames = 0;

  constructor(cache: (clock: AgentStage["clock"]) => CacheOptions | undefined) {
    this.#cache = cache(this.#stage.clock);
    this.#app = this.#stage.app({ cache: this.#cache });
    for (const tenant of tenants)
      for (const [index, name] of NAMES.entries())
        this.#stage.names.set(`${tenant} ${name}`, user(index, tenant));
  }

  async do(step: Step): Promise<void> {
    const { names, clock } = this.#stage;
    if (step.do === "wait") clock.advance(step.seconds);
    if (step.do === "restart") {
      const text = this.#app.getTokenCache().serialize();
      this.#app = this.#stage.app({ cache: this.#cache });
      if (!this.#cache) this.#app.getTokenCache().deserialize(text);
    }
    if (step.do === "rename") {
      // A name that was unknown again and again is not asked for at once.
      clock.advance(60);
      const tenant = tenants[step.tenant] ?? "";
      const key = `${tenant} ${NAMES[step.name]}`;
      const [to, before] = [user(step.to, tenant), names.get(key)];
      for (const [name, oid] of [...names]) if (oid === to) names.delete(name);
      this.#renames += 1;
      if (before && before !== to) names.set(`${tenant} new${this.#renames}@contoso.example`, before);
      names.set(key, to);
    }
    if (step.do === "forget") {
      const tenant = tenants[step.tenant] ?? "";
      const oid = user(step.user, tenant);
      await this.#app.removeAccount({
        homeAccountId: `${oid}.${tenant}`,
        environment: "login.windows.net",
        tenantId: tenant,
        username: "",
        localAccountId: oid,
        authorityType: "MSSTS",
      });
      for (const key of this.#seen.keys()) if (key.endsWith(oid)) this.#seen.delete(key);
      for (const [key, holder] of this.#holders) if (holder === oid) this.#holders.delete(key);
    }
    if (step.do === "together") await Promise.all(step.wishes.map((wish) => this.#ask(wish)));
  }

  async #ask(wish: Wish): Promise<void> {
    const tenantId = tenants[wish.tenant] ?? "";
    const [agentId, name, oid] = [agent(wish.agent), NAMES[wish.user] ?? "", user(wish.user, tenantId)];
    const write = (text: string): string => (wish.capitals ? text.toUpperCase() : text);
    const scope = wish.by === "itself" ? `${wish.scope}/.default` : (SCOPES[wish.scope] ?? "");
    const who = wish.by === "id" ? { objectId: write(oid) } : { username: write(name) };
    const request = { agentId, tenantId, scopes: [scope], ...(wish.by === "itself" ? {} : { user: who }) };
    const holder = this.#stage.names.get(`${tenantId} ${name}`);
    const result = await this.#app.acquireTokenForAgent(request).catch((error: unknown) => error);
    if (wish.by === "name" && holder === undefined && result instanceof Error) {
      expect(result).toMatchObject({ errorNo: 50034, agentLeg: "user" });
      return;
    }
    const given = purpose(result as AuthenticationResult);
    const { fromCache, account } = result as AuthenticationResult;
    expect(given).toMatchObject({ tenant: tenantId, agent: agentId, scope });
    expect(given["leg"]).toBe(wish.by === "itself" ? "app" : "user");
    if (wish.by === "itself") {
      expect(account).toBeNull();
      return;
    }
    const found = given["user"] ?? "";
    expect(account?.localAccountId).toBe(found);
    if (wish.by === "id") expect(found).toBe(oid);
    else if (!fromCache) expect(found).toBe(holder);
    // The cache may be behind the server, but not behind what it has seen.
    else {
      expect(this.#seen.get(`${tenantId} ${agentId} ${found}`)).toBe(name);
      expect(this.#holders.get(`${tenantId} ${agentId} ${name}`) ?? found).toBe(found);
    }
    if (fromCache) return;
    const current = account?.username.toLowerCase() ?? "";
    this.#seen.set(`${tenantId} ${agentId} ${found}`, current);
    this.#holders.set(`${tenantId} ${agentId} ${current}`, found);
  }
}

describe.each<[string, number, (clock: AgentStage["clock"]) => CacheOptions | undefined]>([
  ["in memory", 50, () => undefined],
  ["with a plugin", 15, () => ({ cachePlugin: filePlugin({ text: "" }) })],
  ["with a store", 15, (clock) => ({ store: createMemoryTokenStore(clock) })],
])("agents and their users, %s", (_, numRuns, cache) => {
  it("get nothing of one another's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 24, size: "max" }), async (steps) => {
        const world = new World(cache);
        for (const one of steps) await world.do(one);
      }),
      { numRuns: isFull ? numRuns : Math.ceil(numRuns / 3) },
    );
  });
});
