import { createHash } from "node:crypto";
import type { ClientCertificate, GuardedRequest } from "./options.js";

/** Longer values of a header are not read. */
const LONGEST_HEADER = 32_768;

/** Returns the thumbprint of a certificate, as tokens name it (RFC 8705 §3.1); `undefined` if it is none. */
export function thumbprintOf(certificate: ClientCertificate | undefined): string | undefined {
  if (certificate === undefined || certificate === null) return undefined;
  const bytes =
    typeof certificate === "string"
      ? derOf(certificate)
      : certificate instanceof Uint8Array
        ? certificate
        : certificate.raw;
  // `getPeerCertificate` returns an empty object where there is no certificate.
  if (!bytes || bytes.length === 0) return undefined;
  return createHash("sha256").update(bytes).digest("base64url");
}

/**
 * Returns the certificate that a proxy has passed on: as a byte sequence (RFC 9440 §2.1), as PEM with percent-encoding
 * (nginx), or as base64 (Azure).
 */
export function certificateIn(
  { headers }: Pick<GuardedRequest, "headers">,
  name: string | undefined,
): string | undefined {
  const value = name === undefined ? null : headers.get(name);
  if (value === null || value === undefined || value === "" || value.length > LONGEST_HEADER)
    return undefined;
  if (value.startsWith(":") && value.endsWith(":")) return value.slice(1, -1);
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** Reads PEM, of which the first certificate is the client's, or base64 alone. */
function derOf(text: string): Uint8Array | undefined {
  const begin = "-----BEGIN CERTIFICATE-----";
  const start = text.indexOf(begin);
  const end = start < 0 ? -1 : text.indexOf("-----END CERTIFICATE-----", start);
  if (start >= 0 && end < 0) return undefined;
  const content = (start < 0 ? text : text.slice(start + begin.length, end)).replace(/[\s]/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(content)) return undefined;
  return Buffer.from(content, "base64");
}
