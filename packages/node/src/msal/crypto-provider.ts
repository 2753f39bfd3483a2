import { generatePkceCodes } from "@tessera/core";
import { base64Decode, newGuid, sha256Base64Url, type PkceCodes } from "@tessera/core/internal";

/** Random values and encodings for the authorization code flow, as MSAL offers them. */
export class CryptoProvider {
  /** A random GUID, for `state` and `nonce`. */
  createNewGuid(): string {
    return newGuid();
  }

  /** Text to base64. */
  base64Encode(input: string): string {
    return Buffer.from(input, "utf8").toString("base64");
  }

  /** base64 to text. */
  base64Decode(input: string): string {
    return base64Decode(input);
  }

  /**
   * A PKCE pair: `challenge` goes into the authorization request (with method `S256`), `verifier` into the redemption.
   *
   * @see RFC 7636
   */
  async generatePkceCodes(): Promise<PkceCodes> {
    return generatePkceCodes();
  }

  /** SHA-256 of a text, base64url. */
  async hashString(plainText: string): Promise<string> {
    return sha256Base64Url(plainText);
  }
}
