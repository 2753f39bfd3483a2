// Certificates and keys as people have them: whatever OpenSSL opens is opened here, and so is what it would open if somebody
// had not put it into one line, into base64 or into a file.
// proves: core/src/credential/pem.ts, node/src/credential/credential-content.ts, node/src/credential/pkcs12.ts
import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import * as peer from "@azure/msal-node";
import { afterAll, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type ClientCertificate } from "@tessera/node";
import { readCertificate } from "../../packages/core/src/credential/certificate.js";
import { onlyCredential } from "../../packages/node/src/credential/credential.js";
import { makeCertificate } from "../support/certificates.js";
import { makePfx } from "../support/pfx.js";
import { describeWith } from "../support/real-part.js";

const own = makeCertificate({ subject: "own" });
const ec = makeCertificate({ subject: "ec", keyType: "ec" });
const passphrase = "pässwörd-€-🔑";
const key = createPrivateKey(own.privateKeyPem);
const { privateKeyPem, certificatePem } = own;
const pkcs1 = key.export({ type: "pkcs1", format: "pem" }).toString();
const encryptedAs = (type: "pkcs1" | "pkcs8") =>
  key.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase }).toString();
const encrypted = { pkcs1: encryptedAs("pkcs1"), pkcs8: encryptedAs("pkcs8") };
const sec1 = createPrivateKey(ec.privateKeyPem).export({ type: "sec1", format: "pem" }).toString();

const folder = mkdtempSync(join(tmpdir(), "tessera-credential-forms-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
function file(content: string | Uint8Array, extension = "pem"): string {
  const path = join(folder, `${String((files += 1))}.${extension}`);
  writeFileSync(path, content);
  return path;
}

/** What is signed with in the end, or presented in TLS. */
async function read(clientCertificate: object) {
  const auth = { clientId: "c", authority: "https://login.microsoftonline.com/contoso.example" };
  const given = clientCertificate as ClientCertificate;
  // The application, too, takes it.
  new ConfidentialClientApplication({ auth: { ...auth, clientCertificate: given } });
  const credential = onlyCredential({ clientCertificate: given });
  if (credential.kind !== "certificate") throw new Error("it is not a certificate");
  const { certificate } = credential;
  return readCertificate(typeof certificate === "function" ? await certificate() : certificate, Date.now());
}

const lines = (text: string) => text.trim().split("\n");
const base64 = (content: string | Uint8Array) => Buffer.from(content).toString("base64");
const der = (pem: string) => Buffer.from(lines(pem).slice(1, -1).join(""), "base64");

/** How PEM arrives. */
const FORMS: Readonly<Record<string, (pem: string) => unknown>> = {
  "as it is": (pem) => pem,
  "without the last line break": (pem) => pem.trim(),
  "with CRLF": (pem) => lines(pem).join("\r\n"),
  "with CR": (pem) => lines(pem).join("\r"),
  "with \\n spelt out": (pem) => lines(pem).join("\\n"),
  "with \\n spelt out twice": (pem) => lines(pem).join("\\\\n"),
  "with \\r\\n spelt out": (pem) => lines(pem).join("\\r\\n"),
  "in one line": (pem) => lines(pem).join(" "),
  "in one line, in quotes": (pem) => JSON.stringify(lines(pem).join("\\n")),
  indented: (pem) => lines(pem).join("\n    "),
  "with empty lines at the ends": (pem) => `\n\n${pem}\n\n`,
  "with text around it": (pem) => `Bag Attributes\n  localKeyID: 01\nsubject=/CN=own\n${pem}\nmore\n`,
  "with a byte order mark": (pem) => `\ufeff${pem}`,
  "in base64": (pem) => base64(pem),
  "in base64, in lines": (pem) => base64(pem).replace(/.{76}/g, "$&\n"),
  "as a Buffer": (pem) => Buffer.from(pem),
  "as the path of its file": (pem) => file(pem),
  "as the path of a file with a byte order mark": (pem) => file(`\ufeff${pem}`),
  "as the path of a file in UTF-16": (pem) => file(Buffer.from(`\ufeff${pem}`, "utf16le")),
  "as the path of a file in base64": (pem) => file(base64(pem)),
};
const BARE: Readonly<Record<string, (pem: string) => unknown>> = {
  "in one line, with nothing between": (pem) => {
    const [begin = "", ...rest] = lines(pem);
    return begin + rest.join("");
  },
  "as the base64 of its DER": (pem) => base64(der(pem)),
  "as its DER": (pem) => der(pem),
  "as the path of a file with its DER": (pem) => file(der(pem), "cer"),
};

describe("PEM is read", () => {
  it.each(Object.entries({ ...FORMS, ...BARE }))("%s", async (_, form) => {
    for (const [privateKey, over] of [
      [privateKeyPem, {}],
      [pkcs1, {}],
      [encrypted.pkcs8, { passphrase }],
    ] as const) {
      const given = { privateKey: form(privateKey), publicCertificate: form(certificatePem), ...over };
      expect((await read(given)).key.equals(key)).toBe(true);
      expect((await read({ ...given, publicCertificate: undefined, x5c: form(certificatePem) })).x5c).toEqual(
        [base64(der(certificatePem))],
      );
    }
    const elliptic = { privateKey: form(sec1), publicCertificate: form(ec.certificatePem) };
    expect((await read(elliptic)).sha256).toBe(ec.thumbprintSha256Hex.toLowerCase());
  });

  it.each(Object.entries(FORMS))("%s, encrypted as OpenSSL 1 did", async (_, form) => {
    const given = { privateKey: form(encrypted.pkcs1), passphrase, publicCertificate: certificatePem };
    expect((await read(given)).key.equals(key)).toBe(true);
  });

  it("with the certificate beside the key, as a key vault exports it", async () => {
    for (const both of [privateKeyPem + certificatePem, certificatePem + privateKeyPem])
      for (const given of [{ privateKey: both }, { pfx: both }, { pfx: file(both) }, { pfx: base64(both) }])
        expect(await read(given)).toMatchObject({ sha256: own.thumbprintSha256Hex.toLowerCase() });
  });

  it("a thumbprint is read as Windows copies it", async () => {
    const { thumbprintSha1Hex } = own;
    const spaced = `\u200e${thumbprintSha1Hex.replace(/../g, "$& ").toLowerCase()}`;
    expect((await read({ privateKey: privateKeyPem, thumbprint: spaced })).sha1).toBe(
      thumbprintSha1Hex.toLowerCase(),
    );
  });
});

/** How the content of a PFX arrives. */
const PFX_FORMS: Readonly<Record<string, (content: Buffer) => unknown>> = {
  "as bytes": (content) => new Uint8Array(content),
  "as a path": (content) => file(content, "pfx"),
  "in base64": (content) => base64(content),
  "in base64, in lines": (content) => base64(content).replace(/.{64}/g, "$&\r\n"),
  "in base64url": (content) => content.toString("base64url"),
  "as the bytes of its base64": (content) => Buffer.from(base64(content)),
  "as the path of a file in base64": (content) => file(base64(content), "txt"),
  "with line ends behind it": (content) => Buffer.concat([content, Buffer.from("\r\n")]),
  "with zeros behind it": (content) => Buffer.concat([content, Buffer.alloc(512)]),
};

describe("a PFX is read", () => {
  it.each(Object.entries(PFX_FORMS))("%s", async (_, form) => {
    const given = { pfx: form(makePfx(own, "open sesame")), passphrase: "open sesame" };
    expect(await read(given)).toMatchObject({ sha256: own.thumbprintSha256Hex.toLowerCase() });
  });
});

describeWith("openssl", spawnSync("openssl", ["version"]).status === 0, () => {
  const files = { key: file(privateKeyPem), certificate: file(certificatePem) };
  /** Made by OpenSSL itself. */
  const made = (word: string, ...options: readonly string[]): Buffer => {
    const out = join(folder, "made.pfx");
    const inputs = ["-inkey", files.key, "-in", files.certificate, "-out", out];
    // Few iterations: deriving a key is slow by design, and in a hundred rows tells nothing more.
    const output = ["-passout", `pass:${word}`, "-iter", "16"];
    execFileSync("openssl", ["pkcs12", "-export", ...inputs, ...output, ...options]);
    return readFileSync(out);
  };

  describe.each<[string, readonly string[]]>([
    ["AES", []],
    ["AES-128 and SHA-1", ["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC", "-macalg", "sha1"]],
    ["3DES", ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]],
    ["AES for the key and 3DES for the certificate", ["-certpbe", "PBE-SHA1-3DES"]],
    ["3DES for the key and AES for the certificate", ["-keypbe", "PBE-SHA1-3DES"]],
    ["AES for the key and nothing for the certificate", ["-certpbe", "NONE"]],
    ["an integrity check of SHA-512", ["-macalg", "sha512"]],
    ["an integrity check of a digest that is seldom seen", ["-macalg", "sha3-256"]],
  ])("a PFX with %s that node:tls opens is opened", (_, options) => {
    it.each(["plain", "pässwörd", "€uro", "密码", "🔑", ""])("with the passphrase %j", async (word) => {
      const pfx = made(word, ...options);
      expect(() => createSecureContext({ pfx, passphrase: word })).not.toThrow();
      const { key: opened, sha256 } = await read({ pfx, passphrase: word });
      expect(opened.equals(key)).toBe(true);
      expect(sha256).toBe(own.thumbprintSha256Hex.toLowerCase());
    });

    it("and with another passphrase it is refused by both", async () => {
      const pfx = made("right", ...options);
      expect(() => createSecureContext({ pfx, passphrase: "wrong" })).toThrow();
      const refused = {
        errorCode: "invalid_certificate",
        message: expect.stringContaining("Check the passphrase"),
      };
      await expect(read({ pfx, passphrase: "wrong" })).rejects.toMatchObject(refused);
    });
  });

  it("a PFX in RC2, which node:tls does not open, is opened all the same", async () => {
    const pfx = made("open", "-legacy");
    expect(await read({ pfx, passphrase: "open" })).toMatchObject({
      sha256: own.thumbprintSha256Hex.toLowerCase(),
    });
  });
});

it("every form that the peer signs with is among them", async () => {
  const taken = await Promise.all(
    Object.entries(FORMS).map(async ([name, form]) => {
      const certificate = {
        privateKey: form(privateKeyPem) as string,
        thumbprintSha256: own.thumbprintSha256Hex,
      };
      const answer = async () =>
        ({
          status: 200,
          headers: {},
          body: { token_type: "Bearer", access_token: "t", expires_in: 60 },
        }) as never;
      const system = { networkClient: { sendGetRequestAsync: answer, sendPostRequestAsync: answer } };
      const authority = "https://login.microsoftonline.com/b4a4a4a4-0000-4000-8000-0000000000f1";
      const auth = { clientId: "c", authority, clientCertificate: certificate };
      const ask = async (library: Pick<typeof peer, "ConfidentialClientApplication">) =>
        new library.ConfidentialClientApplication({ auth, system }).acquireTokenByClientCredential({
          scopes: ["https://graph.microsoft.com/.default"],
        });
      return ask(peer).then(
        () => [name],
        () => [],
      );
    }),
  );
  expect(taken.flat()).toEqual(expect.arrayContaining(["as it is", "with CRLF", "with text around it"]));
});
