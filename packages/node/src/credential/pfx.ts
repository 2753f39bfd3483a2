import { readFileSync } from "node:fs";
import { clientConfigurationError, type CertificateOptions } from "@tessera/core/internal";

/** A private key and certificates, PEM. */
type KeyAndCertificates = Pick<CertificateOptions, "privateKey" | "publicCertificate">;

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
    const content = contentOf(pfx);
    if (known?.passphrase !== passphrase || !known.content.equals(content))
      known = { content, passphrase, read: open(content, passphrase) };
    return known.read;
  };
}

function open(content: Buffer, passphrase: string): KeyAndCertificates {
  const forge = loadForge();
  try {
    const der = forge.util.createBuffer(content.toString("binary"));
    const store = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(der), false, passphrase);
    const bags = (type: string): readonly import("node-forge").pkcs12.Bag[] =>
      store.getBags({ bagType: type })[type] ?? [];
    const { pkcs8ShroudedKeyBag, keyBag, certBag } = forge.pki.oids;
    // node-forge parses only RSA keys and certificates, and returns others as ASN.1.
    const pem = (type: string, content: import("node-forge").asn1.Asn1): string =>
      forge.pem.encode({ type, body: forge.asn1.toDer(content).getBytes() });
    const keys = [...bags(pkcs8ShroudedKeyBag ?? ""), ...bags(keyBag ?? "")].map(({ key, asn1 }) =>
      key ? forge.pki.privateKeyToPem(key) : pem("PRIVATE KEY", asn1),
    );
    const certificates = bags(certBag ?? "").map(({ cert, asn1 }) =>
      cert ? forge.pki.certificateToPem(cert) : pem("CERTIFICATE", asn1),
    );
    const [privateKey] = keys;
    if (!privateKey || certificates.length === 0)
      throw new Error("it does not hold a key with its certificate");
    return { privateKey, publicCertificate: certificates.join("\n") };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(`pfx cannot be read: ${reason}. Check the passphrase, and that it is a PKCS#12 file`);
  }
}

function contentOf(pfx: unknown): Buffer {
  if (pfx instanceof Uint8Array) return Buffer.from(pfx);
  if (typeof pfx !== "string")
    throw invalid("pfx is neither a path nor a Buffer with the content of the file");
  try {
    return readFileSync(pfx);
  } catch (error) {
    // The value is shown only if it looks like a path, because otherwise it may be the file's content in base64.
    const path = /^[^\0\r\n]{1,255}\.(?:pfx|p12)$/i.test(pfx) ? ` "${pfx}"` : "";
    const { code } = error as NodeJS.ErrnoException;
    throw invalid(
      `pfx${path} is not the path of a file that can be read (${String(code)}). Pass the path, or the content as a Buffer; base64 as Buffer.from(text, "base64")`,
    );
  }
}

function invalid(what: string): Error {
  return clientConfigurationError("invalid_certificate", `auth.clientCertificate.${what}.`);
}

function loadForge(): typeof import("node-forge") {
  const { createRequire } = process.getBuiltinModule("node:module");
  try {
    return createRequire(import.meta.url)("node-forge") as typeof import("node-forge");
  } catch (cause) {
    throw clientConfigurationError(
      "missing_dependency",
      "auth.clientCertificate.pfx needs the package node-forge, which is not installed: npm install node-forge.",
      { cause },
    );
  }
}
