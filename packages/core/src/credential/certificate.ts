import type { KeyObject, X509Certificate } from "node:crypto";
import { sha256Base64Url } from "../encoding.js";
import { certificatesIn, chainOf, invalid, leafOf } from "./certificate-chain.js";
import type { SignCallback } from "./external-signature.js";
import { pemBlocks } from "./pem.js";
import { checkStrength, readPrivateKey } from "./private-key.js";

/** A certificate as applications configure it. */
export interface CertificateOptions {
  /** Private key, PEM: PKCS#8, PKCS#1 or SEC 1, encrypted or not. */
  readonly privateKey?: string;
  /**
   * Signs in place of `privateKey`, with a key that cannot be exported: of a key vault, a key management service, a smart
   * card. Requires `publicCertificate`.
   *
   * @param data the bytes to sign, not their hash
   * @param algorithm `PS256`, `RS256`, `ES256`, … (RFC 7518 §3.1)
   * @param context its `signal` aborts when no call waits for the signature any more, or its time is over
   * @returns the signature; of an elliptic-curve key as R and S joined, or in DER
   */
  readonly sign?: SignCallback;
  /** Passphrase of an encrypted private key. */
  readonly passphrase?: string;
  /** The certificate, PEM, with its chain if it has one; thumbprints are computed from it. */
  readonly publicCertificate?: string;
  /** SHA-256 of the certificate (64 hexadecimal digits), when `publicCertificate` is not given. */
  readonly thumbprintSha256?: string;
  /** SHA-1 of the certificate (40 hexadecimal digits), for AD FS and servers that support only SHA-1. */
  readonly thumbprint?: string;
  /** Certificate chain, PEM, sent with each assertion (subject name/issuer authentication). */
  readonly x5c?: string;
  /** Send the chain of `publicCertificate` as `x5c`. */
  readonly sendX5c?: boolean;
  /** Key id for assertions (`kid`), for OpenID Providers that identify the key by it. */
  readonly kid?: string;
}

/** A validated certificate, for signing assertions or for mutual TLS. */
export interface Certificate {
  /** Equal for equal options. */
  readonly id: string;
  /** The private key; with `sign`, the public key of the certificate. */
  readonly key: KeyObject;
  readonly sign: SignCallback | undefined;
  /** Hexadecimal, lower case. */
  readonly sha256: string | undefined;
  readonly sha1: string | undefined;
  /** base64 DER, the leaf first. */
  readonly x5c: readonly string[] | undefined;
  readonly kid: string | undefined;
  /** PEM of the chain and the key, for TLS. Only present when the certificate itself and its private key were given. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

/**
 * Reads a certificate and checks that its parts belong together and that it is currently valid.
 *
 * @param options as configured
 * @param now milliseconds since the epoch
 * @throws ClientConfigurationError `invalid_certificate` with the reason
 */
export function readCertificate(options: CertificateOptions, now: number): Certificate {
  requireStrings(options);
  const { sign } = options;
  const key = sign === undefined ? readPrivateKey(options, invalid) : certifiedKey(options);
  checkStrength(key, invalid);
  const sent = readChain(options.x5c, "x5c", key);
  const published = readChain(publishedPart(options), "publicCertificate", key);
  const chain = published ?? sent;
  const leaf = chain?.[0];
  if (leaf) checkDates(leaf, now);
  const sha256 = thumbprint(options.thumbprintSha256, "thumbprintSha256", 64, leaf?.fingerprint256);
  const sha1 = thumbprint(options.thumbprint, "thumbprint", 40, leaf?.fingerprint);
  if (!sha256 && !sha1 && !options.kid) {
    throw invalid("has neither publicCertificate nor a thumbprint: set publicCertificate (PEM)");
  }
  const x5c = sent ?? (options.sendX5c ? published : undefined);
  return {
    id: sha256Base64Url(JSON.stringify(options)),
    key,
    sign,
    sha256,
    sha1,
    x5c: x5c?.map((certificate) => certificate.raw.toString("base64")),
    kid: options.kid,
    tls: sign === undefined && chain ? { cert: chain.map(String).join("\n"), key: pemOf(key) } : undefined,
  };
}

/** A key vault exports key and certificate in one PEM: that may be given as the key alone. */
function publishedPart({ publicCertificate, privateKey, ...others }: CertificateOptions): string | undefined {
  if (publicCertificate || others.x5c || others.thumbprintSha256 || others.thumbprint || others.kid)
    return publicCertificate;
  return pemBlocks(privateKey ?? "", []).some(({ label }) => label.endsWith("CERTIFICATE"))
    ? privateKey
    : publicCertificate;
}

const STRINGS = [
  "privateKey",
  "passphrase",
  "publicCertificate",
  "thumbprintSha256",
  "thumbprint",
  "x5c",
  "kid",
] as const satisfies readonly (keyof CertificateOptions)[];

function requireStrings(options: CertificateOptions): void {
  if (typeof options !== "object" || options === null) throw invalid("is not an object");
  const wrong = STRINGS.find((field) => options[field] !== undefined && typeof options[field] !== "string");
  if (wrong) throw invalid(`${wrong} is not a string`);
  if (options.sign !== undefined && typeof options.sign !== "function")
    throw invalid("sign is not a function: pass one that returns the signature");
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** The public key of the certificate, whose private key another place keeps. */
function certifiedKey({ privateKey, publicCertificate, x5c }: CertificateOptions): KeyObject {
  if (privateKey) throw invalid("has privateKey and sign: set only one of them");
  const [pem, field] = publicCertificate ? [publicCertificate, "publicCertificate"] : [x5c, "x5c"];
  if (!pem) throw invalid("has sign without publicCertificate: set the certificate of the key (PEM)");
  return leafOf(certificatesIn(pem, field)).publicKey;
}

function readChain(
  pem: string | undefined,
  field: string,
  key: KeyObject,
): readonly X509Certificate[] | undefined {
  if (pem === undefined || pem === "") return undefined;
  const isOwn =
    key.type === "private"
      ? (one: X509Certificate): boolean => one.checkPrivateKey(key)
      : (one: X509Certificate): boolean => one.publicKey.equals(key);
  const chain = chainOf(certificatesIn(pem, field), isOwn);
  if (chain) return chain;
  throw invalid(
    key.type === "private"
      ? `privateKey does not belong to a certificate in ${field}: use the key of that certificate`
      : `publicCertificate is not among the certificates in ${field}: pass its own chain`,
  );
}

function checkDates(leaf: X509Certificate, now: number): void {
  if (Date.parse(leaf.validTo) < now)
    throw invalid(`expired on ${leaf.validTo}: renew it, and register the new one`);
  if (Date.parse(leaf.validFrom) > now)
    throw invalid(`is not valid before ${leaf.validFrom}: check this machine's clock`);
}

function thumbprint(
  given: string | undefined,
  field: string,
  digits: number,
  computed: string | undefined,
): string | undefined {
  const actual = computed?.replaceAll(":", "").toLowerCase();
  if (given === undefined || given === "") return actual;
  // Windows puts an invisible mark in front of what is copied from its dialog.
  const hex = given.replace(/[:\s\u200e\u200f\ufeff]/g, "").toLowerCase();
  if (hex.length !== digits || !/^[0-9a-f]+$/.test(hex)) {
    // The value is not shown, because a secret may have been set here by mistake.
    throw invalid(`${field} is not ${digits} hexadecimal digits (it has ${hex.length} characters)`);
  }
  if (actual !== undefined && actual !== hex)
    throw invalid(`${field} does not match the certificate, whose thumbprint is ${actual}`);
  return hex;
}
