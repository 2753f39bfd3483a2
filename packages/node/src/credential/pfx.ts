import { clientConfigurationError, errorText, type CertificateOptions } from "@tessera/core/internal";
import { missingPackage } from "../missing-package.js";
import { credentialContent, isDer } from "./credential-content.js";
import { readPkcs12, type Forge } from "./pkcs12.js";

/** A private key and certificates, PEM, and the passphrase of a key that is still encrypted. */
type KeyAndCertificates = Pick<CertificateOptions, "privateKey" | "publicCertificate" | "passphrase">;

/**
 * Reads the private key and the certificates of a PKCS#12 file; later, where a bundle has `node-forge` inside.
 *
 * @param pfx path or content of the file
 * @param passphrase decrypts the file
 * @throws ClientConfigurationError `invalid_certificate`, `missing_dependency`
 */
export type PfxReader = (
  pfx: string | Uint8Array,
  passphrase: string | undefined,
) => KeyAndCertificates | Promise<KeyAndCertificates>;

/**
 * Returns a reader that decrypts unchanged content only once, because deriving a key from a passphrase is slow by
 * design.
 */
export function createPfxReader(): PfxReader {
  let known:
    | { readonly content: Buffer; readonly passphrase: string; readonly read: ReturnType<PfxReader> }
    | undefined;
  return (pfx, passphrase = "") => {
    if (typeof passphrase !== "string") throw invalid("passphrase is not a string");
    const content = credentialContent(pfx, "pfx");
    if (known?.passphrase !== passphrase || !known.content.equals(content))
      known = { content, passphrase, read: open(content, passphrase) };
    return known.read;
  };
}

function open(content: Buffer, passphrase: string): ReturnType<PfxReader> {
  // A key vault exports PEM as well.
  if (!isDer(content)) return pemPair(content.toString(), passphrase);
  const forge = installedForge();
  return forge
    ? openWith(forge, content, passphrase)
    : bundledForge().then((bundled) => openWith(bundled, content, passphrase));
}

function openWith(forge: Forge, content: Buffer, passphrase: string): KeyAndCertificates {
  try {
    checkIntegrity(content, passphrase);
    const { keys, certificates } = readPkcs12(forge, content, passphrase);
    const [privateKey] = keys;
    if (!privateKey || certificates.length === 0)
      throw new Error("it does not hold a key with its certificate");
    return { privateKey, publicCertificate: certificates.join("\n") };
  } catch (cause) {
    throw invalid(
      `pfx cannot be read: ${errorText(cause)}. Check the passphrase, and that it is a PKCS#12 file`,
    );
  }
}

function pemPair(text: string, passphrase: string): KeyAndCertificates {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw invalid("pfx cannot be read: it holds no private key. Check that it is a PKCS#12 file");
  return { privateKey: text, publicCertificate: text, ...(passphrase === "" ? {} : { passphrase }) };
}

/**
 * Lets OpenSSL check the integrity of a store, since it supports every kind of MAC. Its other errors are ignored: it cannot
 * read the RC2 of old Windows exports, but node-forge can.
 */
function checkIntegrity(pfx: Buffer, passphrase: string): void {
  const { createSecureContext } = process.getBuiltinModule("node:tls");
  try {
    createSecureContext({ pfx, passphrase });
  } catch (error) {
    // `instanceof Error` would fail in a VM context such as Jest's, where the errors of Node.js are of another realm.
    if (/mac verify/i.test(String(error))) throw new Error("mac verify failure", { cause: error });
  }
}

function invalid(what: string): Error {
  return clientConfigurationError("invalid_certificate", `auth.clientCertificate.${what}.`);
}

/** With an installed package, a configuration is checked as soon as it is passed. */
function installedForge(): Forge | undefined {
  const { createRequire } = process.getBuiltinModule("node:module");
  try {
    return createRequire(import.meta.url)("node-forge") as Forge;
  } catch {
    return undefined;
  }
}

/** Bundlers follow only an `import()`, and tolerate that the package is missing if it stands in a `try`. */
async function bundledForge(): Promise<Forge> {
  try {
    const loaded: { readonly default?: unknown } = await import("node-forge");
    return ("default" in loaded ? loaded.default : loaded) as Forge;
  } catch (cause) {
    throw missingPackage(
      "auth.clientCertificate.pfx needs the package node-forge, which cannot be loaded",
      "npm install node-forge",
      cause,
    );
  }
}
