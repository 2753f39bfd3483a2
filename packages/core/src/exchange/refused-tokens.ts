const refusals = new WeakSet<object>();

/** Marks an error as the refusal of a token or another grant. It is remembered for that grant, and so ends when there is another one. */
export function markRefusedToken(error: object): void {
  refusals.add(error);
}

export function isRefusedToken(error: object): boolean {
  return refusals.has(error);
}
