const refusals = new WeakSet<object>();

/** Marks an error: a token, or another grant, was refused. That is remembered with it, and so ends when there is another one. */
export function markRefusedToken(error: object): void {
  refusals.add(error);
}

export function isRefusedToken(error: object): boolean {
  return refusals.has(error);
}
