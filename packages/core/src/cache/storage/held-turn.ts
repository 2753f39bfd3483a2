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

/** Whether a turn was lost before anything was sent, so that the work can be done in another one. */
export function isTurnLost(error: unknown): boolean {
  return typeof error === "object" && error !== null && lost.has(error);
}
