const refusals = new WeakSet<object>();

/** Marks an error: a refresh token was refused. It is remembered with the token, and so ends when there is another one. */
export function markRefusedToken(error: object): void {
  refusals.add(error);
}

export function isRefusedToken(error: object): boolean {
  return refusals.has(error);
}
