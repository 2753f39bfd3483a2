import type { Context } from "../context.js";
import { explain } from "../errors.js";
import type { Profile } from "../profiles/profile.js";
import { allProfiles } from "../profiles/profiles.js";
import { providerUrl } from "../profiles/provider.js";
import { openSession } from "../tokens/session.js";

/** What is said about a profile. */
interface Entry {
  readonly profile: string;
  readonly users: readonly string[];
  readonly provider: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly hosts: readonly string[];
  readonly store: string;
  /** Why its tokens cannot be read. */
  readonly problem?: string;
}

/** `tessera accounts`: who is signed in where. */
export async function accounts(context: Context): Promise<void> {
  const entries: Entry[] = [];
  for (const profile of allProfiles()) entries.push(await entryOf(profile, context));
  if (context.given.has("json")) {
    process.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
    return;
  }
  if (entries.length === 0) context.say("There is no profile: run tessera login.");
  for (const entry of entries) process.stdout.write(`${described(entry)}\n`);
}

async function entryOf(profile: Profile, context: Context): Promise<Entry> {
  const { name, provider, clientId, scopes, store, bindings, identity } = profile;
  const common = {
    profile: name,
    provider: providerUrl(provider),
    clientId,
    scopes,
    hosts: bindings.map(({ host }) => host),
    store,
  };
  if (identity.kind !== "user") return { ...common, users: [`this machine (${identity.kind})`] };
  try {
    const { app } = await openSession(profile, context);
    const users = (await app.getAllAccounts()).map(
      ({ username, homeAccountId }) => username || homeAccountId,
    );
    return { ...common, users: [...new Set(users)] };
  } catch (error) {
    return { ...common, users: [], problem: explain(error) };
  }
}

function described({ profile, users, provider, clientId, scopes, hosts, store, problem }: Entry): string {
  const who = problem ?? (users.length > 0 ? users.join(", ") : "nobody is signed in");
  return [
    `${profile}: ${who}`,
    `  at ${provider}, client ${clientId}, store ${store}`,
    ...(scopes.length > 0 ? [`  scopes ${scopes.join(" ")}`] : []),
    ...(hosts.length > 0 ? [`  bound to ${hosts.join(", ")}`] : []),
  ].join("\n");
}
