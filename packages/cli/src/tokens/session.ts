import { PublicClientApplication } from "@tessera/node";
import type { Context } from "../context.js";
import type { Profile } from "../profiles/profile.js";
import { profileFolder } from "../profiles/profiles.js";
import { configurationOf } from "../profiles/provider.js";
import { openStore, storeName } from "../profiles/store.js";

/** A profile whose tokens are open. */
export interface Session {
  readonly profile: Profile;
  readonly folder: string;
  readonly app: PublicClientApplication;
}

/** Opens the tokens of a profile's user. */
export async function openSession(
  profile: Profile,
  context: Pick<Context, "given" | "say" | "log">,
): Promise<Session> {
  const folder = profileFolder(profile.name);
  const store = storeName(context.given.text("store")) ?? profile.store;
  const cachePlugin = await openStore(folder, store, context.say);
  const app = new PublicClientApplication({
    ...configurationOf(profile, context.log),
    cache: { cachePlugin },
  });
  return { profile, folder, app };
}
