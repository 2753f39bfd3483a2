import type { AuthenticationResult } from "@tessera/node";
import type { Context } from "../context.js";
import type { Profile } from "../profiles/profile.js";
import { machineToken } from "./machine-token.js";
import { openSession } from "./session.js";
import { userToken } from "./user-token.js";
import { namesApi, type WantedToken } from "./wanted-token.js";

/** Returns a token of a profile: its user's, or its machine's. */
export async function tokenOfProfile(
  profile: Profile,
  wanted: WantedToken,
  context: Context,
): Promise<AuthenticationResult> {
  const complete = namesApi(wanted) ? wanted : { ...wanted, scopes: profile.scopes };
  if (profile.identity.kind !== "user")
    return machineToken({ ...profile, stored: profile }, complete, context);
  const session = await openSession(profile, context);
  try {
    return await userToken(session, forProvider(profile.provider, complete), context);
  } finally {
    // Connections that are kept for later would keep the process running.
    void session.app.close();
  }
}

/** Microsoft's servers take an API's URL as part of a scope, the others as RFC 8707 has it. */
function forProvider(provider: string, wanted: WantedToken): WantedToken {
  const { resource, ...rest } = wanted;
  if (resource === undefined || !provider.startsWith("authority:")) return wanted;
  return { ...rest, scopes: [...rest.scopes, `${resource.replace(/\/$/, "")}/.default`] };
}
