import type { KeyObject } from "node:crypto";
import { nodeCrypto } from "../node-crypto.js";
import { pemBlocks } from "./pem.js";

const SHORTEST_RSA_KEY = 2048;

/** What base64 without a frame may be. */
const BARE_KEYS = ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/** A private key as applications configure it. */
export interface PrivateKeyOptions {
  /** PEM: PKCS#8, PKCS#1 or SEC 1, encrypted or not. */
  readonly privateKey?: string | undefined;
  /** Passphrase of an encrypted key. */
  readonly passphrase?: string | undefined;
}

/** Builds the error for a key that cannot be used. */
export type InvalidKey = (what: string) => Error;

/** Reads a private key. */
export function readPrivateKey(
  { privateKey, passphrase }: PrivateKeyOptions,
  invalid: InvalidKey,
): KeyObject {
  const blocks = pemBlocks(privateKey ?? "", BARE_KEYS).filter(({ label }) => label.endsWith("PRIVATE KEY"));
  if (blocks.length === 0)
    throw invalid(
      `${privateKey ? "privateKey is not a private key" : "has no privateKey"}: use the PEM (-----BEGIN PRIVATE KEY-----)`,
    );
  let failure: unknown;
  for (const { text } of blocks) {
    try {
      return nodeCrypto().createPrivateKey({
        key: text,
        format: "pem",
        ...(passphrase === undefined ? {} : { passphrase }),
      });
    } catch (cause) {
      failure ??= cause;
    }
  }
  const encrypted = blocks.every(({ text }) => text.includes("ENCRYPTED"));
  const wrong =
    passphrase === undefined ? "is encrypted: set passphrase" : "cannot be decrypted: check the passphrase";
  // The cause may quote the key, so only its code is kept.
  const code = failure instanceof Error && "code" in failure ? ` (${String(failure.code)})` : "";
  throw invalid(`privateKey ${encrypted ? wrong : "is not a private key"}${code}`);
}

/** RFC 7518 §3.3 requires RSA keys of at least 2048 bits. */
export function checkStrength(key: KeyObject, invalid: InvalidKey): void {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < SHORTEST_RSA_KEY)
    throw invalid(`has an RSA key of ${bits} bits: use one of at least ${SHORTEST_RSA_KEY} bits`);
}
