import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { base64Content, clientConfigurationError, holdsCredential } from "@tessera/core/internal";

const CERTIFICATE = "auth.clientCertificate";
const DER_SEQUENCE = 0x30;

const PFX_FILE = /^[^\0\r\n]{1,255}\.(?:pfx|p12)$/i;
const FILE = /^[^\0\r\n]{1,255}\.(?:pfx|p12|pem|key|crt|cer|der)$/i;

/**
 * Returns the content of an option that holds a certificate or a key, or names a file that does. Base64 is decoded.
 *
 * @param field names the option in errors
 * @param parent the option that the field belongs to
 * @throws ClientConfigurationError `invalid_certificate` for a value that is neither content nor a readable file
 */
export function credentialContent(given: unknown, field: string, parent = CERTIFICATE): Buffer {
  if (given instanceof Uint8Array) return decoded(Buffer.from(given));
  if (typeof given !== "string") throw invalid(`${parent}.${field}`, "is neither a string nor a Buffer");
  return decoded(holdsCredential(given) ? Buffer.from(given) : fileContent(given, `${parent}.${field}`));
}

/** Returns the same as text: PEM, or base64 if the content is DER. */
export function pemContent(given: unknown, field: string, parent = CERTIFICATE): string {
  const content = credentialContent(given, field, parent);
  return content.toString(isDer(content) ? "base64" : "utf8");
}

/** Whether content is DER, such as PKCS#12; PEM otherwise. */
export function isDer(content: Uint8Array): boolean {
  return content[0] === DER_SEQUENCE;
}

function decoded(content: Buffer): Buffer {
  if (isDer(content)) return content;
  // PowerShell writes UTF-16.
  const text = content.toString(content[0] === 0xff && content[1] === 0xfe ? "utf16le" : "utf8");
  return base64Content(text) ?? Buffer.from(text);
}

function fileContent(path: string, field: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    // The value is shown only if it looks like the path of a certificate: anything else may be the secret itself.
    const isNamed = (isAbsolute(path) ? FILE : PFX_FILE).test(path);
    const shown = isNamed ? ` "${path}"` : "";
    const { code } = error as NodeJS.ErrnoException;
    throw invalid(
      field,
      `is not a certificate or a key, and${shown} not the path of a file that can be read (${String(code)}): pass the path, or the content as a string, in base64 or as a Buffer`,
    );
  }
}

function invalid(field: string, what: string): Error {
  return clientConfigurationError("invalid_certificate", `${field} ${what}.`);
}
