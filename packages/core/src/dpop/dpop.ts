import { BoundedMap } from "../bounded-map.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import type { TimeAt } from "../http/hosts.js";
import { parsedUrl } from "../http/secure-url.js";
import {
  BINDING_KEY,
  newBindingKey,
  proofAlgorithm,
  readBindingKey,
  type BindingKey,
  type Bound,
} from "./binding-key.js";
import { dpopProof, type ProvenRequest } from "./proof.js";

/** Maximum number of servers whose nonce is remembered, and of tokens and keys that are in use. */
const MOST_SERVERS = 1000;
const MOST_TOKENS = 10_000;

/** A nonce in its syntax (RFC 9449 §8.1), of a length that a header can take. */
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]{1,1024}$/;

/** The keys that an application's tokens are bound to, and its proofs of possession (RFC 9449). */
export class Dpop {
  readonly #timeAt: TimeAt;
  readonly #isPersisted: boolean;
  /** By origin. */
  readonly #nonces = new BoundedMap<{ readonly nonce: string }>(MOST_SERVERS);
  /** The tokens that were returned to the app, each with its key. */
  readonly #tokens = new BoundedMap<Bound>(MOST_TOKENS);
  /** Keys that were read from a persisted cache, by their JSON. */
  readonly #read = new BoundedMap<Promise<BindingKey | undefined>>(MOST_SERVERS);

  /** @param isPersisted whether a plugin or store persists tokens, and their keys with them */
  constructor(timeAt: TimeAt, isPersisted: boolean) {
    this.#timeAt = timeAt;
    this.#isPersisted = isPersisted;
  }

  /**
   * Creates a key that a provider accepts.
   *
   * @param leaves whether the key must leave the process in any case, such as in a session
   */
  newKey(metadata: Readonly<Record<string, unknown>>, call: Call, leaves = false): Promise<BindingKey> {
    return newBindingKey(proofAlgorithm(metadata, call), leaves || this.#isPersisted);
  }

  /** Returns the key of a token, if it is known. */
  async keyOf(token: Bound): Promise<BindingKey | undefined> {
    return token[BINDING_KEY] ?? (token.dpop_key === undefined ? undefined : this.read(token.dpop_key));
  }

  /** Reads a key that was written as JSON. Its private part can be exported only if it is persisted again. */
  async read(text: string): Promise<BindingKey | undefined> {
    if (!this.#isPersisted) {
      const key = await readBindingKey(text);
      return key && { ...key, text: undefined };
    }
    let reading = this.#read.get(text);
    if (!reading) {
      reading = readBindingKey(text);
      this.#read.set(text, reading);
    }
    return reading;
  }

  /** Remembers a token that is returned to the app, which will ask for proofs of it. */
  remember(token: Bound & { readonly secret: string }): void {
    if (this.#tokens.get(token.secret) !== token) this.#tokens.set(token.secret, token);
  }

  /** Returns the headers of a request with an access token: with a proof if the token is bound to a key (RFC 9449 §7.1). */
  async authorization(
    accessToken: string,
    request: Pick<ProvenRequest, "method" | "url">,
  ): Promise<Readonly<Record<string, string>>> {
    const bound = this.#tokens.get(accessToken);
    const key = bound && (await this.keyOf(bound));
    if (!key) return { authorization: `Bearer ${accessToken}` };
    const dpop = await this.proof(key, { ...request, accessToken });
    return { authorization: `DPoP ${accessToken}`, dpop };
  }

  /** Signs a proof for a request, with the last nonce of its server. */
  proof(key: BindingKey, request: ProvenRequest): Promise<string> {
    const nonce = request.nonce ?? this.#nonces.get(new URL(request.url).origin)?.nonce;
    return dpopProof(key, { ...request, nonce }, this.#timeAt(request.url));
  }

  /**
   * Signs a proof for a request with an access token that this application has returned.
   *
   * @throws ClientConfigurationError `invalid_option` for a token that was not acquired with DPoP
   */
  async tokenProof({
    accessToken,
    ...request
  }: ProvenRequest & { readonly accessToken: string }): Promise<string> {
    const bound = this.#tokens.get(accessToken);
    const key = bound && (await this.keyOf(bound));
    if (key) return this.proof(key, { ...request, accessToken });
    throw clientConfigurationError(
      "invalid_option",
      'accessToken is not one that this application has acquired with authenticationScheme "DPoP": acquire it before each request to the API, from the cache if it is there.',
    );
  }

  /**
   * Remembers the nonce that a server wants in the next proof (RFC 9449 §8).
   *
   * @returns whether there is one
   */
  noteNonce(url: string, nonce: string | null | undefined): boolean {
    const origin = parsedUrl(url)?.origin;
    if (!nonce || !origin || !NONCE.test(nonce)) return false;
    if (this.#nonces.get(origin)?.nonce !== nonce) this.#nonces.set(origin, { nonce });
    return true;
  }
}
