import { nameIn } from "../../response/id-token.js";
import { claimsOf, isHomeTenant } from "../account-info.js";
import { idTokenKey } from "../schema/keys.js";
import type { IdTokenEntity } from "../schema/schema.js";
import type { TokenQuery } from "./find.js";
import type { Entry } from "./entry.js";
import type { Partition } from "./partition.js";
import { userPartition, type PartitionKey } from "./partition-key.js";
import type { TokenMemory } from "./token-memory.js";

/** A user that an agent has acted as. */
export interface KnownUser {
  readonly partition: PartitionKey;
  /** The user's name, if that is what the user was asked for by; with another name the user is looked up again. */
  readonly username?: string | undefined;
}

/** Maximum number of users that are noted in an agent's partition. In Entra an agent has one user. */
const MOST_NOTES = 100;

/**
 * Notes a user in the partition of an agent, for a store, which cannot search all users. The note lasts as long as the
 * agent's own tokens.
 */
export function noteUser(memory: TokenMemory, agent: PartitionKey, entity: IdTokenEntity): void {
  const partition = memory.partitions.get(agent)?.copy();
  if (!partition) return;
  partition.put({ section: "IdToken", key: idTokenKey(entity), entity });
  const [oldest, ...others] = partition.all("IdToken");
  if (others.length >= MOST_NOTES) partition.remove((entry) => entry === oldest);
  memory.put(agent, partition);
}

/** The user of an agent to look for. `partition` is the agent's own. */
export type AgentUserQuery = Pick<TokenQuery, "partition" | "clientId" | "environments" | "realms"> & {
  /** In lower case. */
  readonly username: string;
};

/**
 * Finds the user that an agent has acted as by name: in the agent's partition or, where the whole cache is in memory, among
 * all users. Returns `undefined` if several users have had the name, or if the agent itself has no token: it is then about
 * to request one, and a search would only delay that.
 */
export function findUserOfAgent(memory: TokenMemory, query: AgentUserQuery): KnownUser | undefined {
  const own = memory.partitions.peek(query.partition);
  if (!own) return undefined;
  const found = new Map<string, KnownUser>();
  const look = (partition: Partition): void => {
    for (const entry of partition.all("IdToken")) {
      const { home_account_id: home } = entry.entity;
      const username = isOfAgent(entry, query) ? nameIn(claimsOf(entry)) : undefined;
      if (home && username?.toLowerCase() === query.username && isHomeTenant(entry.entity.realm, home))
        found.set(home, { partition: userPartition(home), username });
    }
  };
  look(own);
  for (const partition of memory.partitions.all("user")) look(partition);
  const [user, another] = found.values();
  return another ? undefined : user;
}

function isOfAgent(
  { entity }: Entry<"IdToken">,
  { clientId, environments, realms }: AgentUserQuery,
): boolean {
  return (
    entity.client_id === clientId &&
    environments.has(entity.environment) &&
    realms.includes(entity.realm.toLowerCase())
  );
}
