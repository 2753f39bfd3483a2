/** What an error says, whichever copy of whichever library has made it. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
