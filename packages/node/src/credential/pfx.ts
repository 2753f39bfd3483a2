import { clientConfigurationError, type CertificateOptions } from "@tessera/core/internal";
import { credentialContent, isDer } from "./credential-content.js";
import { readPkcs12, type Forge } from "./pkcs12.js";

/** A private key and certificates, PEM, and the passphrase of a key that is still encrypted. */
type KeyAndCertificates = Pick<CertificateOptions, "privateKey" | "publicCertificate" | "passphrase">;

/**
 * Reads the private key and the certificates of a PKCS#12 file.
 *
 * @param pfx path or content of the file
 * @param passphrase decrypts the file
 * @throws ClientConfigurationError `invalid_certificate`, `missing_dependency`
 */
export type PfxReader = (pfx: string | Uint8Array, passphrase: string | undefined) => KeyAndCertificates;

/**
 * Returns a reader that decrypts unchanged content only once, because deriving a key from a passphrase is slow by
 * design.
 */
export function createPfxReader(): PfxReader {
  let known:
    { readonly content: Buffer; readonly passphrase: string; readonly read: KeyAndCertificates } | undefined;
  return (pfx, passphrase = "") => {
    if (typeof passphrase !== "string") throw invalid("passphrase is not a string");
    const content = credentialContent(pfx, "pfx");
    if (known?.passphrase !== passphrase || !known.content.equals(content))
      known = { content, passphrase, read: open(content, passphrase) };
    return known.read;
  };
}

function open(content: Buffer, passphrase: string): KeyAndCertificates {
  // A key vault exports PEM as well.
  if (!isDer(content)) return pemPair(content.toString(), passphrase);
  const forge = loadForge();
  try {
    checkIntegrity(content, passphrase);
    const { keys, certificates } = readPkcs12(forge, content, passphrase);
    const [privateKey] = keys;
    if (!privateKey || certificates.length === 0)
      throw new Error("it does not hold a key with its certificate");
    return { privateKey, publicCertificate: certificates.join("\n") };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(`pfx cannot be read: ${reason}. Check the passphrase, and that it is a PKCS#12 file`);
  }
}

function pemPair(text: string, passphrase: string): KeyAndCertificates {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw invalid("pfx cannot be read: it holds no private key. Check that it is a PKCS#12 file");
  return { privateKey: text, publicCertificate: text, ...(passphrase === "" ? {} : { passphrase }) };
}

/**
 * OpenSSL's word on the integrity of a store: it knows codes that no other reader does. What else it cannot read, such as
 * the RC2 of old Windows exports, may still be read.
 */
function checkIntegrity(pfx: Buffer, passphrase: string): void {
  const { createSecureContext } = process.getBuiltinModule("node:tls");
  try {
    createSecureContext({ pfx, passphrase });
  } catch (error) {
    // Not `instanceof Error`: in a VM context such as Jest's, errors of Node.js are of another realm.
    if (/mac verify/i.test(String(error))) throw new Error("mac verify failure", { cause: error });
  }
}

function invalid(what: string): Error {
  return clientConfigurationError("invalid_certificate", `auth.clientCertificate.${what}.`);
}

function loadForge(): Forge {
  const { createRequire } = process.getBuiltinModule("node:module");
  try {
    return createRequire(import.meta.url)("node-forge") as Forge;
  } catch (cause) {
    throw clientConfigurationError(
      "missing_dependency",
      "auth.clientCertificate.pfx needs the package node-forge, which is not installed: npm install node-forge.",
      { cause },
    );
  }
}
