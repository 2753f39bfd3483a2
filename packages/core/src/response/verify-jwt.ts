import type { Authority } from "../authority/authority.js";
import { idTokenIssuerMatches, keySpeaksFor } from "../authority/issuer.js";
import { dialectOf } from "../dialect/dialects.js";
import { errorText } from "../errors/error-text.js";
import { clientAuthError, isAuthError } from "../errors/errors.js";
import { withinCallTime } from "../http/within-call-time.js";
import type { Call, Transport } from "../http/transport.js";
import { hs256Key } from "../hs256-key.js";
import { decodeJwt, jwtHeader, type RawClaims } from "./id-token.js";
import type { JwtKind } from "./jwt-kind.js";
import { asKeyFailure, isKeyFailure } from "./key-failure.js";
import type { KeySet } from "./key-set.js";
import type { KeySource } from "./key-source.js";
import type { ResponseAlgorithms } from "./response-algorithms.js";
import { verifySignature } from "./verify-signature.js";

/** The client's settings that JWTs of a provider are validated against. */
export interface Verifier {
  readonly clientId: string;
  readonly transport: Pick<Transport, "hosts">;
  readonly keys: KeySource;
  /** Secret of a confidential client: the key of HS256 signatures. */
  readonly secret: ((signal?: AbortSignal) => string | Promise<string>) | undefined;
  /** The algorithms that the client is registered with. */
  readonly algorithms: ResponseAlgorithms;
}

/** What a JWT is validated against. */
export interface JwtExpectations {
  readonly kind: JwtKind;
  readonly client: Verifier;
  readonly authority: Authority;
  /** The audiences of which the JWT must name one; the client's ID by default. */
  readonly audiences?: readonly string[];
  /** Whether the authority issues JWTs with these claims; those of ID tokens by default. */
  readonly isIssuer?: (authority: Authority, claims: RawClaims) => boolean;
  /** Whether TLS to the provider replaces the signature check. */
  readonly tlsVouches?: boolean;
  /** Checks of the kind's own claims, before keys are fetched. */
  readonly check?: (claims: RawClaims, refuse: Refuse) => void;
}

/** Throws the error that refuses a JWT. */
export type Refuse = (reason: string) => never;

/** Asymmetric algorithms that are accepted when the provider lists them (RFC 7518 §3.1, RFC 8037, RFC 9864). */
const ASYMMETRIC_ALGORITHMS: readonly string[] = [
  ...["RS", "PS", "ES"].flatMap((family) => ["256", "384", "512"].map((size) => family + size)),
  ...["EdDSA", "Ed25519"],
];

/**
 * Validates a JWT that a provider has issued to this client: its critical extensions, issuer, audience and times, what
 * its kind adds, and its signature (RFC 8725). Every such JWT comes through here.
 *
 * @returns the claims, trusted from here on; their types are not checked
 * @throws ClientAuthError with the code of its kind, `token_parsing_error`
 */
export async function verifyJwt(jwt: string, expected: JwtExpectations, call: Call): Promise<RawClaims> {
  return (await verifiedJwt(jwt, expected, call)).claims;
}

/** A JWT that was validated. */
export interface VerifiedJwt {
  readonly claims: RawClaims;
  /** The keys of which one has signed it, if that was a key of the provider. */
  readonly keys: KeySet | undefined;
}

/** Does the same as {@link verifyJwt}, for callers that go on trusting the JWT while its key is published. */
export async function verifiedJwt(jwt: string, expected: JwtExpectations, call: Call): Promise<VerifiedJwt> {
  const { kind, check } = expected;
  const refuse: Refuse = (reason) => {
    throw clientAuthError(kind.code, `The ${kind.name} is refused: ${reason}.`, call);
  };
  const claims = decodeJwt(jwt, `The ${kind.name}`, call.correlationId);
  const header = jwtHeader(jwt);
  checkHeader(header, kind, refuse);
  // Untyped claims: a security-relevant claim of the wrong type must be refused, not treated as absent.
  checkClaims(claims, expected, refuse);
  check?.(claims, refuse);
  const keys = expected.tlsVouches
    ? undefined
    : await checkSignature(jwt, { header, claims }, expected, call);
  return { claims, keys };
}

/**
 * Refuses a token with `crit` (RFC 7515 §4.1.11), because no critical extension is supported, and one of another type
 * (RFC 8725 §3.11).
 */
function checkHeader({ crit, typ }: RawClaims, { typ: expected }: JwtKind, refuse: Refuse): void {
  if (crit !== undefined) {
    refuse(
      `its header lists critical extensions, ${JSON.stringify(crit)} (crit), none of which is supported`,
    );
  }
  if (!expected) return;
  const name = typeof typ === "string" ? typ.toLowerCase().replace(/^application\//, "") : typ;
  const isUntyped = name === undefined || name === "jwt";
  if (name !== expected.name && !(isUntyped && !expected.isRequired))
    refuse(`its typ is ${JSON.stringify(typ)}, not "${expected.name}"`);
}

function checkClaims(claims: RawClaims, expected: JwtExpectations, refuse: Refuse): void {
  const { kind, client, authority, audiences, isIssuer } = expected;
  const { clientId } = client;
  const tolerance = dialectOf(authority.url).clockTolerance;
  const { iss, sub, aud, exp, nbf, iat, tid } = claims;
  const now = secondsAt(authority, client);
  const isChecked = (name: JwtKind["required"][number]): boolean =>
    kind.required.includes(name) || claims[name] !== undefined;

  if (isChecked("iss")) {
    if (typeof iss !== "string") return refuse("iss is missing");
    if (isIssuer ? !isIssuer(authority, claims) : !idTokenIssuerMatches(authority, { iss, tid }))
      return refuse(`iss is "${iss}", the authority's issuer is "${authority.metadata.issuer}"`);
  }
  if (isChecked("sub") && (typeof sub !== "string" || sub === "")) return refuse("sub is missing");
  const own: readonly unknown[] = audiences ?? [clientId];
  if (isChecked("aud") && !audiencesIn(aud).some((one) => own.includes(one))) {
    const wanted = audiences ? `not ${JSON.stringify(audiences)}` : `this client is "${clientId}"`;
    return refuse(`aud is ${JSON.stringify(aud)}, ${wanted}`);
  }
  if (isChecked("exp")) {
    if (!isNumericDate(exp)) return refuse("exp is missing");
    if (exp <= now - tolerance)
      return refuse(`it expired at ${exp}, now is ${now}${clockNote(authority, client)}`);
  }
  if (isChecked("iat") && !isNumericDate(iat)) return refuse("iat is missing");
  if (nbf !== undefined && !(isNumericDate(nbf) && nbf <= now + tolerance)) {
    const note = clockNote(authority, client) || "; check this machine's clock";
    return refuse(`it is not valid before ${JSON.stringify(nbf)}, now is ${now}${note}`);
  }
}

/** Whole seconds since the epoch by the provider's clock, as far as it is known. */
export function secondsAt(authority: Authority, { transport }: Pick<Verifier, "transport">): number {
  return Math.floor(transport.hosts.timeAt(tokenUrl(authority)) / 1000);
}

/** What a user needs to know when the clock of this machine is wrong beyond what is corrected. */
function clockNote(authority: Authority, { transport }: Verifier): string {
  const sentence = transport.hosts.skewSentence(tokenUrl(authority));
  return sentence && `. ${sentence.slice(0, -1)}`;
}

function tokenUrl({ url, metadata: { token_endpoint: endpoint } }: Authority): string {
  return typeof endpoint === "string" ? endpoint : url.href;
}

/** The audiences of a token: `aud` is one or a list (RFC 7519 §4.1.3). */
export function audiencesIn(aud: unknown): readonly unknown[] {
  return Array.isArray(aud) ? aud : [aud];
}

/** Seconds since the epoch (RFC 7519 §2). JSON can also hold `1e999`, which parses to Infinity. */
export function isNumericDate(value: unknown): value is number {
  return Number.isFinite(value);
}

async function checkSignature(
  jwt: string,
  { header: { alg, kid }, claims }: { readonly header: RawClaims; readonly claims: RawClaims },
  expected: JwtExpectations,
  call: Call,
): Promise<KeySet | undefined> {
  const { kind, authority, client } = expected;
  const { secret, keys } = client;
  const allowed = allowedAlgorithms(expected);
  try {
    if (typeof alg !== "string" || !allowed.includes(alg)) {
      throw new Error(`alg is ${JSON.stringify(alg)}, allowed: ${allowed.join(", ")}`);
    }
    // The algorithm was allowed above. HS256 is verified only with this client's own secret.
    if (alg === "HS256") {
      const { compactVerify } = await import("jose");
      const key = hs256Key(await secretWithin(call, secret));
      await compactVerify(jwt, key, { algorithms: ["HS256"] });
      return undefined;
    } else {
      return await keys.verifyWith(authority, call, {
        name: kind.name,
        code: kind.code,
        header: { alg, kid },
        accepts: (key) => keySpeaksFor(key["issuer"], claims, authority),
        verify: async (find, published) => {
          verifySignature(jwt, alg, await find({ alg, kid }));
          return published;
        },
      });
    }
  } catch (cause) {
    if (call.signal?.aborted || isAuthError(cause)) throw cause;
    const remedy = kind.use
      ? ` If the client is registered with another algorithm, name it in auth.clientMetadata.${kind.use}_signed_response_alg.`
      : "";
    const text = `The signature of the ${kind.name} is refused: ${errorText(cause)}.${remedy}`;
    const error = clientAuthError(kind.code, text, { correlationId: call.correlationId, cause });
    throw isKeyFailure(cause) ? asKeyFailure(error) : error;
  }
}

/** Without the secret, nothing is known about the token, as without the keys of the provider. */
async function secretWithin(call: Call, secret: Verifier["secret"]): Promise<string> {
  try {
    return await withinCallTime(call, "client secret", (signal) => secret?.(signal) ?? "");
  } catch (error) {
    throw asKeyFailure(error);
  }
}

/** Returns the algorithm the client is registered with, else those the provider lists, else RS256. */
export function allowedAlgorithms({
  kind,
  client,
  authority,
}: Pick<JwtExpectations, "kind" | "client" | "authority">): readonly string[] {
  if (!kind.use) return ASYMMETRIC_ALGORITHMS;
  const { algorithms, secret } = client;
  const algorithm = algorithms[`${kind.use}_signed_response_alg`];
  const usable = (alg: string): boolean =>
    ASYMMETRIC_ALGORITHMS.includes(alg) || (alg === "HS256" && secret !== undefined);
  if (algorithm !== undefined) return [algorithm].filter(usable);
  const listed = authority.metadata[`${kind.use}_signing_alg_values_supported`];
  const supported = Array.isArray(listed)
    ? listed.filter((alg): alg is string => typeof alg === "string")
    : [];
  const accepted = supported.filter(usable);
  return accepted.length > 0 ? accepted : ["RS256"];
}
