/** Returns the message of anything that was thrown, whichever copy of whichever library has thrown it. */
export function errorText(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  // Not `instanceof`, which fails for errors from another realm, as in Jest. `String` throws for some objects.
  return "message" in error && typeof error.message === "string" ? error.message : "not an Error";
}
