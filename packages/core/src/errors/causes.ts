/** Causes of causes may be endless. */
const DEEPEST_CAUSE = 5;

/** Returns an error and then its causes, each that of the one before. */
export function* causesOf(error: unknown): Generator<unknown, void> {
  let at = error;
  for (let depth = 0; depth <= DEEPEST_CAUSE; depth += 1) {
    yield at;
    at = memberOf(at, "cause") ?? undefined;
    if (at === undefined) return;
  }
}

/** Reads a member of an error, whichever realm it comes from. A getter of a stranger's error may throw. */
export function memberOf(error: unknown, name: string): unknown {
  try {
    return typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined;
  } catch {
    return undefined;
  }
}
