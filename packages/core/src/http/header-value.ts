import { percentEncode } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";

/** Foreign text as a header can carry it: whatever is not printable ASCII is percent-encoded. */
export function headerValue(text: string): string {
  return text.replace(/[^\x20-\x7e]+/gu, percentEncode);
}

/** Whether a header can carry text as it is. */
export function isHeaderValue(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/**
 * Refuses headers with line ends or other control characters: an app's own HTTP client may send them as they are.
 *
 * @throws ClientAuthError `request_cannot_be_made`, without the value, which may be a secret
 */
export function checkHeaders(headers: Readonly<Record<string, string>>, correlationId: string): void {
  for (const [name, value] of Object.entries(headers)) {
    if (isHeaderValue(value)) continue;
    throw clientAuthError(
      "request_cannot_be_made",
      `The header ${name} would hold characters that no header can carry: only printable ASCII is sent.`,
      { correlationId },
    );
  }
}
