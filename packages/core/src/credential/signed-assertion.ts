import type { KeyObject } from "node:crypto";
import type { Authority } from "../authority/authority.js";
import { BoundedMap } from "../bounded-map.js";
import { newGuid } from "../encoding.js";
import type { AssertionHeader } from "../dialect/dialect.js";
import { dialectOf } from "../dialect/dialects.js";
import type { TimeAt } from "../http/hosts.js";
import { SingleFlight } from "../flight/single-flight.js";
import { hs256Key } from "../hs256-key.js";
import type { Certificate } from "./certificate.js";
import { externallySigned } from "./external-signature.js";

/** Lifetime of an assertion, and how long before its expiry a new one is signed, in seconds. */
const LIFETIME = 600;
const RENEW_BEFORE_END = 60;
/** Maximum number of reused assertions: one for each tenant a service works in, each a kilobyte or two. */
const MAX_REUSED = 10_000;

/** Claims of an assertion. */
type Claims = Readonly<Record<string, string | number>>;

/** A reusable assertion. */
interface Made {
  readonly jwt: string;
  readonly from: number;
  readonly until: number;
}

/** An assertion that may be reused. */
interface Reusable {
  readonly name: string;
  readonly now: number;
  readonly refused: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly sign: (signal: AbortSignal | undefined) => Promise<string>;
}

/** Options of {@link AssertionSigner.withCertificate}. */
export interface SigningOptions {
  /** An assertion that must not be reused, because the server has refused it. */
  readonly refused?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Signs the JWTs a client authenticates with (RFC 7523 §3). If the provider's dialect allows it, a JWT is reused
 * until shortly before it expires: an RSA signature costs more than the rest of a token request on the client's side.
 */
export class AssertionSigner {
  readonly #clientId: string;
  readonly #timeAt: TimeAt;
  /** Reusable assertions by certificate and audience. */
  readonly #made = new BoundedMap<Made>(MAX_REUSED);
  readonly #flights = new SingleFlight();

  constructor(clientId: string, timeAt: TimeAt) {
    this.#clientId = clientId;
    this.#timeAt = timeAt;
  }

  /** Returns an assertion signed with a certificate's key, for an authority. */
  withCertificate(
    certificate: Certificate,
    authority: Authority,
    { refused, signal }: SigningOptions = {},
  ): Promise<string> {
    const dialect = dialectOf(authority.url);
    const audience = dialect.assertionAudience(authority.metadata);
    const { key, sign: callback } = certificate;
    const now = this.#secondsAt(authority);
    const sign = (waiting: AbortSignal | undefined): Promise<string> => {
      const header = dialect.assertionHeader(certificate, authority.metadata);
      const claims = this.#claims(audience, now);
      return callback
        ? externallySigned({ key, sign: callback, signal: waiting }, header, claims)
        : signed(key, header, claims);
    };
    return dialect.reusesAssertions
      ? this.#reused({ name: `${certificate.id} ${audience}`, now, refused, signal, sign })
      : sign(signal);
  }

  /** Returns an assertion signed with the client's secret (`client_secret_jwt`). */
  withSecret(secret: string, authority: Authority): Promise<string> {
    const audience = dialectOf(authority.url).assertionAudience(authority.metadata);
    const claims = this.#claims(audience, this.#secondsAt(authority));
    return signed(hs256Key(secret), { alg: "HS256", typ: "JWT" }, claims);
  }

  async #reused({ name, now, refused, signal, sign }: Reusable): Promise<string> {
    const known = this.#made.get(name);
    // One from the future was signed before this machine's clock was known to be wrong.
    if (known && now >= known.from && now < known.until && known.jwt !== refused) return known.jwt;
    if (known?.jwt === refused) this.#made.delete(name);
    // A signature that never comes must not be waited for by later calls.
    return this.#flights.run(name, signal, async (shared) => {
      const jwt = await sign(shared);
      this.#made.set(name, { jwt, from: now, until: now + LIFETIME - RENEW_BEFORE_END });
      return jwt;
    });
  }

  /** The provider checks the times by its own clock. */
  #secondsAt({ url, metadata }: Authority): number {
    const { token_endpoint: endpoint } = metadata;
    return Math.floor(this.#timeAt(typeof endpoint === "string" ? endpoint : url.href) / 1000);
  }

  #claims(audience: string, now: number): Claims {
    const iss = this.#clientId;
    return { aud: audience, iss, sub: iss, jti: newGuid(), nbf: now, iat: now, exp: now + LIFETIME };
  }
}

async function signed(key: KeyObject | Uint8Array, header: AssertionHeader, claims: Claims): Promise<string> {
  const { SignJWT } = await import("jose");
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}
