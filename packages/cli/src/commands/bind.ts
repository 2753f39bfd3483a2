import type { Context } from "../context.js";
import { usageError } from "../errors.js";
import { hostName } from "../profiles/bindings.js";
import type { Binding } from "../profiles/profile.js";
import { changeProfile, selectedProfile } from "../profiles/profiles.js";
import { wantedToken } from "../tokens/wanted-token.js";

/** `tessera bind`: says which hosts may be sent a profile's tokens, and lists them. */
export async function bind({ given, say }: Context): Promise<void> {
  const { name, bindings } = selectedProfile(given.text("profile"));
  const hosts = given.positionals.map(hostName);
  if (hosts.length === 0) {
    for (const { host } of bindings) process.stdout.write(`${host}\n`);
    return;
  }
  const unknown = hosts.find((host) => !bindings.some((one) => one.host === host));
  if (given.has("remove") && unknown !== undefined)
    throw usageError(`${unknown} is not bound to the profile "${name}".`);
  const { scopes } = wantedToken(given);
  const username = given.text("username");
  const added = given.has("remove")
    ? []
    : hosts.map((host): Binding => ({
        host,
        ...(scopes.length > 0 ? { scopes } : {}),
        ...(username === undefined ? {} : { username }),
      }));
  await changeProfile(name, (current) => {
    if (!current) throw usageError(`There is no profile "${name}" any more.`);
    const others = current.bindings.filter(({ host }) => !hosts.includes(host));
    return { ...current, bindings: [...others, ...added] };
  });
  const what = given.has("remove") ? "may no longer be" : "may be";
  say(`${hosts.join(", ")} ${what} sent tokens of the profile "${name}".`);
}
