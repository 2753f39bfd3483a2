import { percentEncode } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";

/** Encodes an untrusted string for a header: everything except printable ASCII is percent-encoded. */
export function headerValue(text: string): string {
  return text.replace(/[^\x20-\x7e]+/gu, percentEncode);
}

/** Whether a string can be sent in a header unencoded. */
export function isHeaderValue(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/**
 * Refuses headers that hold line breaks or anything but printable ASCII: an app's own HTTP client might send them
 * unchecked.
 *
 * @throws ClientAuthError `request_cannot_be_made`, without the value, which may be a secret
 */
export function checkHeaders(headers: Readonly<Record<string, string>>, correlationId: string): void {
  for (const [name, value] of Object.entries(headers)) {
    if (isHeaderValue(value)) continue;
    throw clientAuthError(
      "request_cannot_be_made",
      `The header ${name} holds characters that cannot be sent: use printable ASCII only.`,
      { correlationId },
    );
  }
}
