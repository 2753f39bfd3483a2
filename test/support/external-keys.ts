import { spawn } from "node:child_process";
import { constants, sign as signWith } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";

/** Signs as a key vault does: what it is given, with the algorithm that it is told. */
export type Sign = (data: Uint8Array, algorithm: string) => Promise<Uint8Array>;

/** A key that this process holds in place of a vault. `der`: elliptic signatures in DER, as KMS and smart cards give them. */
export function vaultKey(privateKeyPem: string, dsaEncoding: "der" | "ieee-p1363" = "ieee-p1363"): Sign {
  return async (data, algorithm) => {
    const pss = algorithm.startsWith("PS");
    const padding = pss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    const key = { key: privateKeyPem, dsaEncoding, ...(pss ? { padding, saltLength } : {}) };
    return signWith(/^Ed/.test(algorithm) ? null : `sha${algorithm.slice(2)}`, data, key);
  };
}

/** A key that only another process holds: OpenSSL's command line. */
export function opensslKey(privateKeyPem: string): { readonly sign: Sign; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "tessera-openssl-"));
  const file = join(folder, "key.pem");
  writeFileSync(file, privateKeyPem, { mode: 0o600 });
  const pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
  return {
    sign: async (data, algorithm) => {
      const options = algorithm.startsWith("PS") ? pss : [];
      const child = spawn("openssl", ["dgst", `-sha${algorithm.slice(2)}`, ...options, "-sign", file]);
      const parts: Buffer[] = [];
      child.stdout.on("data", (part: Buffer) => parts.push(part));
      child.stdin.end(data);
      await finished(child.stdout);
      return Buffer.concat(parts);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
