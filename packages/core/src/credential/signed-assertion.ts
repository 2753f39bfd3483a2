import type { KeyObject } from "node:crypto";
import type { Authority } from "../authority/authority.js";
import { BoundedMap } from "../bounded-map.js";
import { epochSeconds, type Clock } from "../clock.js";
import { newGuid } from "../encoding.js";
import type { AssertionHeader } from "../dialect/dialect.js";
import { dialectOf } from "../dialect/dialects.js";
import { hs256Key } from "../hs256-key.js";
import type { Certificate } from "./certificate.js";

/** Lifetime of an assertion, and how long before its expiry a new one is signed, in seconds. */
const LIFETIME = 600;
const RENEW_BEFORE_END = 60;
/** Maximum number of reused assertions: one for each tenant a service works in, each a kilobyte or two. */
const MAX_REUSED = 10_000;

/** A signing key and the JWS header that names it. */
interface Signer {
  readonly key: KeyObject | Uint8Array;
  readonly header: AssertionHeader;
}

/**
 * Signs the JWTs a client authenticates with (RFC 7523 §3). If the provider's dialect allows it, a JWT is reused
 * until shortly before it expires: an RSA signature costs more than the rest of a token request on the client's side.
 */
export class AssertionSigner {
  readonly #clientId: string;
  readonly #clock: Clock;
  /** Reusable assertions by certificate and audience. */
  readonly #made = new BoundedMap<{ readonly jwt: Promise<string>; readonly until: number }>(MAX_REUSED);

  constructor(clientId: string, clock: Clock) {
    this.#clientId = clientId;
    this.#clock = clock;
  }

  /** Returns an assertion signed with a certificate's key, for an authority. */
  withCertificate(certificate: Certificate, authority: Authority, audience: string): Promise<string> {
    const dialect = dialectOf(authority.url);
    const signer = (): Signer => ({
      key: certificate.key,
      header: dialect.assertionHeader(certificate, authority.metadata),
    });
    if (!dialect.reusesAssertions) return this.#sign(signer(), audience);
    return this.#reused(`${certificate.id} ${audience}`, audience, signer);
  }

  /** Returns an assertion signed with the client's secret (`client_secret_jwt`). */
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
