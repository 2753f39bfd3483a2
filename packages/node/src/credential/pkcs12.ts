/** The part of the package `node-forge` that reads PKCS#12. */
export interface Forge {
  readonly asn1: {
    fromDer(bytes: string, options: { readonly strict: boolean; readonly parseAllBytes: boolean }): Asn1;
    toDer(value: Asn1): { getBytes(): string };
    derToOid(bytes: string): string;
  };
  readonly util: { createBuffer(bytes: string): object };
  readonly pki: {
    readonly pbe: { getCipher(oid: string, parameters: Asn1, password: string | null): Cipher };
  };
}

interface Cipher {
  readonly output: { getBytes(): string };
  update(input: object): void;
  finish(): boolean;
}

/** A value in ASN.1; bytes are a string of characters up to 255. */
interface Asn1 {
  readonly value: string | Asn1[];
}

/** The content of a PKCS#12 store, PEM. */
export interface Pkcs12Content {
  readonly keys: readonly string[];
  readonly certificates: readonly string[];
}

const DATA = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
const PBES2 = "1.2.840.113549.1.5.13";
const BAGS = "1.2.840.113549.1.12.10.1";

/**
 * Reads the keys and certificates of a PKCS#12 store (RFC 7292 §4), ignoring bytes after it. Only the ASN.1 parser and the
 * ciphers of node-forge are used: its PKCS#12 reader takes one form of the passphrase for the MAC and for AES, which need
 * different ones outside ASCII. OpenSSL checks the integrity.
 *
 * @throws Error if the content is not such a store, or the passphrase does not decrypt it
 */
export function readPkcs12(forge: Forge, content: Buffer, passphrase: string): Pkcs12Content {
  const parse = (bytes: string): Asn1 => forge.asn1.fromDer(bytes, { strict: false, parseAllBytes: false });
  const oid = (node: Asn1 | undefined): string => forge.asn1.derToOid(octets(node));
  const keys: string[] = [];
  const certificates: string[] = [];

  const decrypted = (algorithm: Asn1 | undefined, bytes: string): Asn1 => {
    const [name, parameters] = list(algorithm);
    const scheme = oid(name);
    for (const password of passwordsFor(scheme, passphrase)) {
      const cipher = forge.pki.pbe.getCipher(scheme, present(parameters), password);
      cipher.update(forge.util.createBuffer(bytes));
      if (cipher.finish()) return parse(cipher.output.getBytes());
    }
    throw new Error("the passphrase does not open it");
  };

  const readBags = (contents: Asn1): void => {
    for (const bag of list(contents)) {
      const [id, wrapped] = list(bag);
      const [value] = list(wrapped);
      const [first, second] = list(value);
      const kind = oid(id);
      if (kind === `${BAGS}.1`) keys.push(pem("PRIVATE KEY", forge.asn1.toDer(present(value)).getBytes()));
      if (kind === `${BAGS}.2`) {
        const key = decrypted(first, octets(second));
        keys.push(pem("PRIVATE KEY", forge.asn1.toDer(key).getBytes()));
      }
      if (kind === `${BAGS}.3`) certificates.push(pem("CERTIFICATE", octets(list(second)[0])));
      if (kind === `${BAGS}.6`) readBags(present(value));
    }
  };

  const [, authSafe] = list(parse(content.toString("latin1")));
  for (const info of list(parse(octets(list(list(authSafe)[1])[0])))) {
    const [type, wrapped] = list(info);
    const [inner] = list(wrapped);
    if (oid(type) === DATA) readBags(parse(octets(inner)));
    if (oid(type) === ENCRYPTED_DATA) {
      const [, algorithm, bytes] = list(list(inner)[1]);
      readBags(decrypted(algorithm, octets(bytes)));
    }
  }
  return { keys, certificates };
}

/**
 * Returns the forms of the passphrase to try. PBES2 uses UTF-8. The older schemes use UTF-16, which node-forge produces, and
 * represent a missing passphrase in either of two ways.
 */
function passwordsFor(scheme: string, passphrase: string): readonly (string | null)[] {
  if (scheme === PBES2) return [Buffer.from(passphrase).toString("latin1")];
  return passphrase === "" ? ["", null] : [passphrase];
}

function present(node: Asn1 | undefined): Asn1 {
  if (node) return node;
  throw new Error("it is not a PKCS#12 file");
}

function list(node: Asn1 | undefined): readonly Asn1[] {
  const { value } = present(node);
  if (typeof value === "string") throw new Error("it is not a PKCS#12 file");
  return value;
}

/** Returns the bytes of an octet string. BER allows it to consist of parts. */
function octets(node: Asn1 | undefined): string {
  const { value } = present(node);
  return typeof value === "string" ? value : value.map(octets).join("");
}

function pem(label: string, der: string): string {
  const lines = Buffer.from(der, "latin1")
    .toString("base64")
    .match(/.{1,64}/g);
  return `-----BEGIN ${label}-----\n${(lines ?? []).join("\n")}\n-----END ${label}-----\n`;
}
