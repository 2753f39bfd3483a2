import { generatePkceCodes } from "@tessera/core";
import { base64Decode, newGuid, sha256Base64Url, wrongType, type PkceCodes } from "@tessera/core/internal";

/** Random values and encodings for the authorization code flow, as MSAL offers them. */
export class CryptoProvider {
  /**
   * A random GUID, for `state` and `nonce`.
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
   * A string, as base64 of its UTF-8 bytes.
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
   * The string in base64 or base64url.
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
   * A PKCE pair: `challenge` goes into the authorization request (with method `S256`), `verifier` into the redemption.
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
   * SHA-256 of a string, base64url.
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
