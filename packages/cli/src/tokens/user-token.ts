import type { AuthenticationResult } from "@tessera/node";
import type { Context } from "../context.js";
import { userMustAct } from "../errors.js";
import type { Session } from "./session.js";
import { silentToken } from "./silent-token.js";
import type { WantedToken } from "./wanted-token.js";

/** Returns a user's token: from the cache, renewed, or asked for. */
export async function userToken(
  session: Session,
  wanted: WantedToken,
  context: Pick<Context, "signal" | "mayAsk" | "isPlain" | "say">,
): Promise<AuthenticationResult> {
  const silently = () => silentToken(session, wanted, context.signal);
  const found = await silently();
  if ("accessToken" in found) return found;
  if (!context.mayAsk) throw mustSignIn(session, found.reason);
  const { askOnce } = await import("../sign-in/ask-once.js");
  return askOnce(session, wanted, { ...context, silently, refuse: () => mustSignIn(session, found.reason) });
}

function mustSignIn({ profile: { name } }: Session, reason: unknown): Error {
  const why =
    reason === undefined
      ? `Nobody is signed in to the profile "${name}"`
      : `The user of the profile "${name}" has to sign in again (${reasonText(reason)})`;
  return userMustAct(`${why}: run tessera login --profile ${name}.`, reason);
}

function reasonText(reason: unknown): string {
  const code =
    reason instanceof Error && "errorCode" in reason ? String(reason.errorCode) : "the session has ended";
  return code.replaceAll("_", " ");
}
