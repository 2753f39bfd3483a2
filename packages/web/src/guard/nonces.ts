import { createHmac, timingSafeEqual } from "node:crypto";

/** How long a nonce is accepted, in seconds. */
const LIFETIME = 300;

/** Nonces for DPoP proofs (RFC 9449 §9) that every process with the secrets can make and check. */
export class Nonces {
  readonly #secrets: readonly string[];
  readonly #now: () => number;

  /** @param secrets the first makes nonces, all check them */
  constructor(secrets: readonly string[], now: () => number) {
    this.#secrets = secrets;
    this.#now = now;
  }

  /** Returns a nonce that is accepted from now on. */
  next(): string {
    const time = Math.floor(this.#now() / 1000).toString(36);
    return `${time}.${this.#sign(time, this.#secrets[0] ?? "")}`;
  }

  /** Whether a nonce was made here a short while ago. */
  accepts(nonce: unknown): boolean {
    if (typeof nonce !== "string") return false;
    const [time = "", signature = ""] = nonce.split(".");
    const age = this.#now() / 1000 - parseInt(time, 36);
    if (!(age > -LIFETIME && age < LIFETIME)) return false;
    return this.#secrets.some((secret) => {
      const [own, given] = [Buffer.from(this.#sign(time, secret)), Buffer.from(signature)];
      return own.length === given.length && timingSafeEqual(own, given);
    });
  }

  #sign(time: string, secret: string): string {
    return createHmac("sha256", secret).update(`DPoP-Nonce ${time}`).digest("base64url");
  }
}
