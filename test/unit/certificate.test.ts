// What is wrong with a certificate is said when the application is made, and never with the key or the passphrase.
// proves: core/src/credential/certificate.ts
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type ClientCertificate } from "@tessera/node";
import { systemClock } from "@tessera/core/internal";
import { readCertificate } from "../../packages/core/src/credential/certificate.js";
import { makeCertificate, type MadeCertificate } from "../support/certificates.js";
import { expectNoSecretIn } from "../support/nothing-kept.js";

const own = makeCertificate({ subject: "own" });
const other = makeCertificate({ subject: "other" });
const ec = makeCertificate({ subject: "ec", keyType: "ec" });
const root = makeCertificate({ subject: "root", keyType: "ec" });
const issuing = makeCertificate({ subject: "issuing", issuer: root, authority: true, keyType: "ec" });
const leaf = makeCertificate({ subject: "leaf", issuer: issuing, privateKeyPem: own.privateKeyPem });
const expired = makeCertificate({ subject: "expired", days: -1, privateKeyPem: own.privateKeyPem });
const passphrase = "the-passphrase-of-the-key";
const key = createPrivateKey(own.privateKeyPem);
const encrypted = (type: "pkcs1" | "pkcs8") =>
  key.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase }).toString();
const { thumbprintSha256Hex: sha256, thumbprintSha1Hex: sha1, certificatePem: publicCertificate } = own;
const secrets = [own, other, ec].map(({ privateKeyPem }) => privateKeyPem.split("\n")[2] ?? "");

const make = (clientCertificate: ClientCertificate, now?: number) =>
  new ConfidentialClientApplication({
    auth: {
      clientId: "the-client",
      authority: "https://login.microsoftonline.com/contoso.example",
      clientCertificate,
    },
    system: { clock: now === undefined ? systemClock : { now: () => now } },
  });

describe("a private key", () => {
  it.each([
    ["PKCS#8", own.privateKeyPem, {}],
    ["PKCS#1", key.export({ type: "pkcs1", format: "pem" }).toString(), {}],
    ["PKCS#8, encrypted", encrypted("pkcs8"), { passphrase }],
    ["PKCS#1, encrypted", encrypted("pkcs1"), { passphrase }],
    ["PKCS#8 with text around it", `Bag Attributes\n  friendlyName: own\n${own.privateKeyPem}`, {}],
    ["PKCS#8, not encrypted, beside a passphrase", own.privateKeyPem, { passphrase }],
  ])("is read as %s", (_, privateKey, over) => {
    const read = readCertificate({ privateKey, publicCertificate, ...over }, Date.now());
    expect(read.key.equals(key)).toBe(true);
    expect(() => make({ privateKey, publicCertificate, ...over })).not.toThrow();
  });

  it("is read as SEC 1 (elliptic curve)", () => {
    const privateKey = createPrivateKey(ec.privateKeyPem).export({ type: "sec1", format: "pem" }).toString();
    expect(privateKey).toContain("BEGIN EC PRIVATE KEY");
    const read = readCertificate({ privateKey, publicCertificate: ec.certificatePem }, Date.now());
    expect(read.sha256).toBe(ec.thumbprintSha256Hex.toLowerCase());
  });
});

describe("thumbprints", () => {
  const colons = (hex: string) => hex.match(/../g)?.join(":") ?? "";
  const { privateKeyPem: privateKey } = own;
  const both = { sha256: sha256.toLowerCase(), sha1: sha1.toLowerCase() };
  it.each<[string, ClientCertificate, object]>([
    ["are computed from the certificate", { publicCertificate }, both],
    [
      "are those of the leaf, wherever it stands",
      { publicCertificate: other.certificatePem + publicCertificate },
      both,
    ],
    ["are computed from x5c", { x5c: publicCertificate }, both],
    ["may be given, SHA-256", { thumbprintSha256: sha256 }, { sha256: both.sha256, sha1: undefined }],
    ["may be given, SHA-1", { thumbprint: sha1 }, { sha256: undefined, sha1: both.sha1 }],
    ["may have colons", { thumbprintSha256: colons(sha256) }, { sha256: both.sha256 }],
    ["may have spaces and lower case", { thumbprint: ` ${sha1.toLowerCase()} \n` }, { sha1: both.sha1 }],
    ["may be given beside the certificate", { publicCertificate, thumbprint: colons(sha1) }, both],
  ])("%s", (_, over, expected) => {
    expect(readCertificate({ privateKey, ...over }, Date.now())).toMatchObject(expected);
    expect(() => make({ privateKey, ...over })).not.toThrow();
  });
});

describe("a chain", () => {
  const all = [root, issuing, leaf].map(
    (one) => `subject=${one.subject}\r\n${one.certificatePem}\n# and text\n`,
  );
  const [first = "", second = "", third = ""] = all;
  const body = ({ certificatePem }: MadeCertificate) => certificatePem.replace(/-----.*-----|\s/g, "");
  it.each([
    [[first, second, third]],
    [[second, first, third]],
    [[third, first, second]],
    [[third, second, first]],
  ])("is put in order, the leaf first (case %#)", (pems) => {
    const x5c = pems.join("");
    const read = readCertificate({ privateKey: leaf.privateKeyPem, x5c }, Date.now());
    expect(read.x5c).toEqual([leaf, issuing, root].map(body));
    expect(read.sha256).toBe(leaf.thumbprintSha256Hex.toLowerCase());
  });

  it("leaves out what does not belong to it", () => {
    const x5c = other.certificatePem + first + third;
    const read = readCertificate({ privateKey: leaf.privateKeyPem, x5c }, Date.now());
    expect(read.x5c).toEqual([body(leaf)]);
  });

  it("is sent only when it is asked for", () => {
    const options = { privateKey: leaf.privateKeyPem, publicCertificate: all.join("") };
    expect(readCertificate(options, Date.now()).x5c).toBeUndefined();
    expect(readCertificate({ ...options, sendX5c: true }, Date.now()).x5c).toHaveLength(3);
  });
});

describe("a certificate is refused at construction", () => {
  const { privateKeyPem: privateKey } = own;
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
  it.each<[string, ClientCertificate, string]>([
    ["without a key", { publicCertificate }, "has no privateKey"],
    [
      "with a path for a key",
      { privateKey: "/etc/key.pem", publicCertificate },
      '/etc/key.pem" not the path of a file',
    ],
    [
      "with a key that is none",
      { privateKey: privateKey.replace("BEGIN", "BEGIN NO"), publicCertificate },
      "is not a private key",
    ],
    [
      "with the certificate for a key",
      { privateKey: publicCertificate, publicCertificate },
      "is not a private key",
    ],
    ["without the passphrase", { privateKey: encrypted("pkcs8"), publicCertificate }, "set passphrase"],
    [
      "without the passphrase of PKCS#1",
      { privateKey: encrypted("pkcs1"), publicCertificate },
      "set passphrase",
    ],
    [
      "with a wrong passphrase",
      { privateKey: encrypted("pkcs8"), publicCertificate, passphrase: `${passphrase}!` },
      "check the passphrase",
    ],
    ["with a key that is too short", { privateKey: short, thumbprintSha256: sha256 }, "RSA key of 1024 bits"],
    ["without certificate and thumbprint", { privateKey }, "neither publicCertificate nor a thumbprint"],
    [
      "with a key for a certificate",
      { privateKey, publicCertificate: privateKey },
      "holds no PEM certificate",
    ],
    ["with a certificate that is none", { privateKey, publicCertificate: broken }, "cannot be read"],
    [
      "of another key",
      { privateKey, publicCertificate: other.certificatePem },
      "does not belong to a certificate in publicC",
    ],
    [
      "of another key in x5c",
      { privateKey, x5c: other.certificatePem },
      "does not belong to a certificate in x5c",
    ],
    ["that has expired", { privateKey, publicCertificate: expired.certificatePem }, "expired on"],
    [
      "with a short thumbprint",
      { privateKey, thumbprintSha256: sha1 },
      "thumbprintSha256 is not 64 hexadecimal digits",
    ],
    ["with a long thumbprint", { privateKey, thumbprint: sha256 }, "is not 40 hexadecimal digits"],
    [
      "with a thumbprint of other letters",
      { privateKey, thumbprint: "z".repeat(40) },
      "is not 40 hexadecimal",
    ],
    [
      "with another one's thumbprint",
      { privateKey, publicCertificate, thumbprintSha256: other.thumbprintSha256Hex },
      `does not match the certificate, whose thumbprint is ${sha256.toLowerCase()}`,
    ],
    ["with the key for a thumbprint", { privateKey, thumbprint: privateKey }, "is not 40 hexadecimal digits"],
  ])("%s", (_, options, reason) => {
    expectRefused(() => make(options), reason);
  });

  it("before it is valid", () => {
    const twoDaysAgo = Date.now() - 2 * 86_400_000;
    expectRefused(() => make({ privateKey, publicCertificate }, twoDaysAgo), "is not valid before");
  });
});

function expectRefused(construct: () => unknown, reason: string): void {
  let refusal: unknown;
  try {
    construct();
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({
    name: "ClientConfigurationError",
    errorCode: "invalid_certificate",
    message: expect.stringContaining(reason),
  });
  expectNoSecretIn(refusal, [passphrase, ...secrets]);
}
