/** Errors, wherever they were thrown, that say that a provider's keys are missing. */
const failures = new WeakSet<object>();

/** Marks an error: the provider's keys are missing, so nothing is known about the token. */
export function asKeyFailure<E>(error: E): E {
  if (typeof error === "object" && error !== null) failures.add(error);
  return error;
}

/** Whether a verification failed because the provider's keys are missing, which may pass: the token was not refused. */
export function isKeyFailure(error: unknown): boolean {
  return typeof error === "object" && error !== null && failures.has(error);
}
