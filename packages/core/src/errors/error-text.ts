/** Returns the message of anything that was thrown, whichever copy of whichever library has thrown it. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message;
  // An object may be without a text.
  return typeof error === "object" && error !== null ? "not an Error" : String(error);
}
