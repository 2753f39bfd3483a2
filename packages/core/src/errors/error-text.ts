/** Returns the message of anything that was thrown, whichever copy of whichever library has thrown it. */
export function errorText(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  // Not `instanceof`: an error of another realm, as in Jest, is none of this one's. An object may have no text at all.
  return "message" in error && typeof error.message === "string" ? error.message : "not an Error";
}
