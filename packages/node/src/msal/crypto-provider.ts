import { generatePkceCodes } from "@tessera/core";
import { base64Decode, newGuid, sha256Base64Url, wrongType, type PkceCodes } from "@tessera/core/internal";

/** Random values and encodings for the authorization code flow, with MSAL's interface. */
export class CryptoProvider {
  /**
   * Returns a random GUID, for `state` and `nonce`.
   *
   * @example
   * ```ts
   * const state = new CryptoProvider().createNewGuid();
   * ```
   */
  createNewGuid(): string {
    return newGuid();
  }

  /**
   * Encodes a string's UTF-8 bytes in base64.
   *
   * @example
   * ```ts
   * const encoded = new CryptoProvider().base64Encode("tessera"); // "dGVzc2VyYQ=="
   * ```
   */
  base64Encode(input: string): string {
    return Buffer.from(text(input, "input"), "utf8").toString("base64");
  }

  /**
   * Decodes base64 or base64url to a string.
   *
   * @example
   * ```ts
   * const decoded = new CryptoProvider().base64Decode("dGVzc2VyYQ=="); // "tessera"
   * ```
   */
  base64Decode(input: string): string {
    return base64Decode(text(input, "input"));
  }

  /**
   * Generates PKCE codes: send `challenge` in the authorization request (with method `S256`), and `verifier` with the
   * code.
   *
   * @see RFC 7636
   * @example
   * ```ts
   * const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
   * ```
   */
  async generatePkceCodes(): Promise<PkceCodes> {
    return generatePkceCodes();
  }

  /**
   * Returns the SHA-256 of a string in base64url.
   *
   * @example
   * ```ts
   * const challenge = await new CryptoProvider().hashString(session.verifier);
   * ```
   */
  async hashString(plainText: string): Promise<string> {
    return sha256Base64Url(text(plainText, "plainText"));
  }
}

function text(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw wrongType(name, value, "a string");
}
