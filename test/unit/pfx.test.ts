// A certificate in a PKCS#12 file: opened when the application is made, or refused then with the reason.
// proves: node/src/credential/pfx.ts
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type ClientCertificate } from "@tessera/node";
import { makeCertificate } from "../support/certificates.js";
import { makePfx } from "../support/pfx.js";
import { describeWith } from "../support/real-part.js";

const own = makeCertificate({ subject: "own" });
const other = makeCertificate({ subject: "other" });
const ec = makeCertificate({ subject: "ec", keyType: "ec" });
const expired = makeCertificate({ subject: "expired", days: -1, privateKeyPem: own.privateKeyPem });
const passphrase = "the-passphrase-of-the-key";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tessera-certificates-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const make = (clientCertificate: ClientCertificate) =>
  new ConfidentialClientApplication({
    auth: {
      clientId: "c",
      authority: "https://login.microsoftonline.com/contoso.example",
      clientCertificate,
    },
  });

describe("a PFX", () => {
  it.each([
    ["3des", "open sesame", "open sesame"],
    ["aes256", "open sesame", "open sesame"],
    ["aes256", "", undefined],
    ["3des", "", ""],
  ] as const)(
    "encrypted with %s and the passphrase %j is read, as a buffer and as a file",
    (cipher, made, given) => {
      const content = makePfx(own, made, cipher);
      const file = join(folder, `${cipher}-${made}.pfx`);
      writeFileSync(file, content);
      for (const pfx of [content, file, new Uint8Array(content)]) {
        expect(() => make({ pfx, ...(given === undefined ? {} : { passphrase: given }) })).not.toThrow();
      }
    },
  );

  it.each<[string, () => ClientCertificate, string]>([
    ["a wrong passphrase", () => ({ pfx: makePfx(own, "right"), passphrase }), "Check the passphrase"],
    ["no passphrase", () => ({ pfx: makePfx(own, "right") }), "Check the passphrase"],
    ["something else in it", () => ({ pfx: Buffer.from(own.certificatePem) }), "that it is a PKCS#12 file"],
    ["no file", () => ({ pfx: join(folder, "nowhere.pfx") }), "nowhere.pfx"],
    ["an expired certificate", () => ({ pfx: makePfx(expired, "p"), passphrase: "p" }), "expired on"],
    [
      "a certificate of another key",
      () => ({ pfx: makePfx({ ...other, privateKeyPem: own.privateKeyPem }, "p"), passphrase: "p" }),
      "does not belong to a certificate",
    ],
  ])("with %s is refused", (_, options, reason) => {
    const refused = { errorCode: "invalid_certificate", message: expect.stringContaining(reason) };
    expect(() => make(options())).toThrow(expect.objectContaining(refused));
    expect(() => make(options())).not.toThrow(passphrase);
  });
});

describeWith("openssl", spawnSync("openssl", ["version"]).status === 0, () => {
  it("a PFX may hold an elliptic key and certificate", () => {
    const [keyFile, certificateFile, file] = ["ec.key", "ec.pem", "ec.pfx"].map((name) => join(folder, name));
    writeFileSync(keyFile ?? "", ec.privateKeyPem);
    writeFileSync(certificateFile ?? "", ec.certificatePem);
    const openssl = [
      "pkcs12",
      "-export",
      "-inkey",
      keyFile,
      "-in",
      certificateFile,
      "-out",
      file,
      "-passout",
    ];
    execFileSync("openssl", [...openssl, "pass:open"] as string[]);
    expect(() => make({ pfx: file ?? "", passphrase: "open" })).not.toThrow();
  });
});
