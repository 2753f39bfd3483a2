import { interactionRequiredError } from "../../errors/errors.js";
import type { Turn } from "./token-store.js";

/** A turn, and the partition that may be updated in it. */
export interface HeldTurn {
  readonly partition: string;
  readonly turn: Turn;
}

const lost = new WeakSet<object>();

/** @throws an error for which another turn is taken, if this one no longer holds */
export async function requireTurn({ turn }: HeldTurn): Promise<void> {
  if (await turn.holds()) return;
  const error = new Error("Another process has taken the turn.");
  lost.add(error);
  throw error;
}

/**
 * Notes that a refresh token is about to be sent that is good for one request.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found` if a process has sent it that ended before the outcome was saved
 */
export function requireUnsent(
  { turn }: HeldTurn,
  refreshToken: string,
  context: { readonly correlationId: string },
): void {
  if (turn.sends?.(refreshToken) !== false) return;
  throw interactionRequiredError(
    "no_tokens_found",
    "Another process has sent the user's refresh token and ended before the answer was saved. Sent again, it would count as stolen: let the user sign in.",
    context,
  );
}

/** Whether a turn was lost before anything was sent, so that the work can be done in another one. */
export function isTurnLost(error: unknown): boolean {
  return typeof error === "object" && error !== null && lost.has(error);
}
