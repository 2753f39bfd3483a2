/** Returns the message of anything that was thrown, whichever copy of whichever library has thrown it. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
