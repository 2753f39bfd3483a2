import type { KeyObject } from "node:crypto";
import type { Authority } from "../authority/authority.js";
import { BoundedMap } from "../bounded-map.js";
import { epochSeconds, type Clock } from "../clock.js";
import { newGuid } from "../encoding.js";
import { hs256Key } from "../hs256-key.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { Certificate } from "./certificate.js";

/** Lifetime of an assertion in seconds, and how long before its end it is made anew. */
const LIFETIME = 600;
const RENEW_BEFORE_END = 60;
/** A service keeps one for each tenant it works in, of a kilobyte or two. */
const MOST_KEPT = 10_000;

/** A key that signs, and how it is named. */
interface Signer {
  readonly key: KeyObject | Uint8Array;
  readonly header: Readonly<Record<string, unknown>> & { readonly alg: string };
}

/**
 * Makes the JWTs a client proves itself with (RFC 7523 §3). For Entra and its kin each is reused until shortly before it
 * expires: an RSA signature costs more than everything else in a token request on this side. OpenID Providers take an
 * assertion once (OpenID Connect Core §9).
 */
export class AssertionSigner {
  readonly #clientId: string;
  readonly #clock: Clock;
  /** By certificate and audience. */
  readonly #made = new BoundedMap<{ readonly jwt: Promise<string>; readonly until: number }>(MOST_KEPT);

  constructor(clientId: string, clock: Clock) {
    this.#clientId = clientId;
    this.#clock = clock;
  }

  /** An assertion signed with a certificate's key, for an authority. */
  withCertificate(certificate: Certificate, authority: Authority, audience: string): Promise<string> {
    if (authority.url.kind === "oidc") return this.#sign(certificateSigner(certificate, authority), audience);
    const name = `${certificate.id} ${audience}`;
    return this.#reused(name, audience, () => certificateSigner(certificate, authority));
  }

  /** An assertion signed with the client's secret (`client_secret_jwt`). */
  withSecret(secret: string, audience: string): Promise<string> {
    return this.#sign({ key: hs256Key(secret), header: { alg: "HS256", typ: "JWT" } }, audience);
  }

  #reused(name: string, audience: string, signer: () => Signer): Promise<string> {
    const now = epochSeconds(this.#clock);
    const known = this.#made.get(name);
    if (known && now < known.until) return known.jwt;
    const jwt = this.#sign(signer(), audience);
    this.#made.set(name, { jwt, until: now + LIFETIME - RENEW_BEFORE_END });
    jwt.catch(() => this.#made.delete(name));
    return jwt;
  }

  async #sign({ key, header }: Signer, audience: string): Promise<string> {
    const { SignJWT } = await import("jose");
    const now = epochSeconds(this.#clock);
    const iss = this.#clientId;
    const claims = { aud: audience, iss, sub: iss, jti: newGuid(), nbf: now, iat: now, exp: now + LIFETIME };
    return new SignJWT(claims).setProtectedHeader(header).sign(key);
  }
}

/** Entra wants PS256 and the SHA-256 thumbprint, AD FS knows RS256 and SHA-1 only, OpenID Providers say what they accept. */
function certificateSigner(
  { key, sha256, sha1, x5c, kid }: Certificate,
  { url, metadata }: Authority,
): Signer {
  const chain = x5c ? { x5c: [...x5c] } : {};
  const keyId = kid ? { kid } : {};
  if (url.kind === "oidc") {
    const listed = metadata["token_endpoint_auth_signing_alg_values_supported"];
    const alg = algorithmOf(key, Array.isArray(listed) ? listed : ["RS256"]);
    const thumbprint = sha256 ? { "x5t#S256": base64Url(sha256) } : {};
    return { key, header: { alg, typ: "JWT", ...keyId, ...thumbprint, ...chain } };
  }
  if (key.asymmetricKeyType !== "rsa") {
    throw clientConfigurationError(
      "invalid_certificate",
      "auth.clientCertificate has no RSA key, and Entra accepts no other.",
    );
  }
  if (sha256 && !(url.kind === "adfs" && sha1)) {
    const alg = url.kind === "adfs" ? "RS256" : "PS256";
    return { key, header: { alg, typ: "JWT", ...keyId, "x5t#S256": base64Url(sha256), ...chain } };
  }
  return {
    key,
    header: { alg: "RS256", typ: "JWT", ...keyId, ...(sha1 ? { x5t: base64Url(sha1) } : {}), ...chain },
  };
}

const EC_ALGORITHMS: Readonly<Record<string, string>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

function algorithmOf(key: KeyObject, accepted: readonly unknown[]): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve) return EC_ALGORITHMS[curve] ?? "ES256";
  if (key.asymmetricKeyType === "ed25519") return accepted.includes("Ed25519") ? "Ed25519" : "EdDSA";
  return (
    ["RS256", "PS256", "RS384", "PS384", "RS512", "PS512"].find((alg) => accepted.includes(alg)) ?? "RS256"
  );
}

function base64Url(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64url");
}
