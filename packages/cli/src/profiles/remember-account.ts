import type { AuthenticationResult } from "@tessera/node";
import { failure } from "../errors.js";
import { changeProfile } from "./profiles.js";

/** Notes the user who has signed in to a profile. */
export async function rememberAccount(name: string, { account }: AuthenticationResult): Promise<void> {
  if (!account) return;
  const { homeAccountId, username } = account;
  await changeProfile(name, (current) => {
    if (!current) throw failure(`The profile "${name}" was removed meanwhile: run tessera login again.`);
    return { ...current, account: { homeAccountId, username } };
  });
}
