import type { AccountInfo } from "@tessera/node";
import type { Context } from "../context.js";
import { codeOf, explain, failure, usageError } from "../errors.js";
import { changeProfile, selectedProfile } from "../profiles/profiles.js";
import { chosenBrowser } from "../sign-in/chosen-browser.js";
import { openSession, type Session } from "../tokens/session.js";

/** `tessera logout`: removes the tokens of the profile's users; with `--everywhere`, at the provider as well. */
export async function logout(context: Context): Promise<void> {
  const { given, say } = context;
  const profile = selectedProfile(given.text("profile"));
  if (profile.identity.kind !== "user")
    throw usageError(`The profile "${profile.name}" is a machine's, and has no user to sign out.`);
  const session = await openSession(profile, context);
  try {
    const users = usersOf(await session.app.getAllAccounts(), given.text("account"));
    if (users.length === 0) {
      say(`Nobody is signed in to the profile "${profile.name}".`);
      return;
    }
    const problems: string[] = [];
    for (const account of users) {
      if (given.has("everywhere")) problems.push(...(await endAtProvider(session, account, context)));
      await session.app.signOut({ account });
      say(`${account.username || account.homeAccountId} is signed out of the profile "${profile.name}".`);
    }
    await changeProfile(profile.name, (current) => {
      const { account: _, ...rest } = current ?? profile;
      return rest;
    });
    if (problems.length > 0) throw failure(problems.join(" "));
  } finally {
    void session.app.close();
  }
}

/** One entry for each user, whose tokens of all tenants are removed together. */
function usersOf(accounts: readonly AccountInfo[], named: string | undefined): readonly AccountInfo[] {
  const chosen = named?.toLowerCase();
  const users = new Map(accounts.map((account) => [account.homeAccountId, account]));
  const found = [...users.values()].filter(
    ({ username, homeAccountId }) =>
      chosen === undefined || username.toLowerCase() === chosen || homeAccountId === named,
  );
  if (found.length > 0 || users.size === 0) return found;
  const names = [...users.values()].map(({ username }) => username);
  throw usageError(`"${named ?? ""}" is not signed in: pass --account with one of ${names.join(", ")}.`);
}

/** Revokes the user's tokens and ends the session. Returns what could not be done. */
async function endAtProvider(
  { app }: Session,
  account: AccountInfo,
  { signal, say }: Context,
): Promise<readonly string[]> {
  const problems: string[] = [];
  // Other programs see the arguments of the browser that is started: the provider asks the user instead of reading the ID token.
  const { idToken: _, ...named } = account;
  const url = await app.buildEndSessionUrl({ account: named, signal }).catch((error: unknown) => {
    if (codeOf(error) !== "end_session_endpoint_not_supported")
      problems.push(`The provider's session was not ended: ${explain(error)}`);
    return undefined;
  });
  try {
    await app.revoke({ account, signal });
    say("The provider has revoked the tokens.");
  } catch (error) {
    if (codeOf(error) === "openid_config_error")
      say("The provider has no endpoint to revoke tokens: they are good until they expire.");
    else problems.push(`The tokens were not revoked: ${explain(error)}`);
  }
  if (url !== undefined) await openUrl(url, say);
  return problems;
}

async function openUrl(url: string, say: (text: string) => void): Promise<void> {
  try {
    const chosen = chosenBrowser();
    if (chosen) await chosen(url);
    else if (process.env["DISPLAY"] || process.env["WAYLAND_DISPLAY"] || process.platform !== "linux")
      await (await import("open")).default(url);
    else throw failure("There is no browser.");
    say("The browser opens, and ends the session at the provider.");
  } catch {
    say(
      `To end the session at the provider, open this address in the browser that is signed in there: ${url}`,
    );
  }
}
