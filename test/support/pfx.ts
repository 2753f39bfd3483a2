import forge from "node-forge";
import type { MadeCertificate } from "./certificates.js";

/** How a PKCS#12 file is encrypted: as Windows did for decades, or as OpenSSL 3 does. */
export type PfxCipher = "3des" | "aes256";

/** A tool derives a key in 2,048 iterations or more, which makes guessing slow, and tests also. */
const FEW_ITERATIONS = 16;

/** Makes a PKCS#12 file (RFC 7292) with a key, its certificate and the rest of the chain. */
export function makePfx(
  own: MadeCertificate,
  passphrase: string,
  algorithm: PfxCipher = "aes256",
  chain: readonly MadeCertificate[] = [],
): Buffer {
  const certificates = [own, ...chain].map(({ certificatePem }) =>
    forge.pki.certificateFromPem(certificatePem),
  );
  const store = forge.pkcs12.toPkcs12Asn1(
    forge.pki.privateKeyFromPem(own.privateKeyPem),
    certificates,
    passphrase,
    { algorithm, count: FEW_ITERATIONS },
  );
  return Buffer.from(forge.asn1.toDer(store).getBytes(), "binary");
}
