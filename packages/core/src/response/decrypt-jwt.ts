import { decrypts, type DecryptionKey } from "../credential/decryption-keys.js";
import { errorText } from "../errors/error-text.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import { jwtHeader } from "./id-token.js";
import type { ClientJwtKind } from "./jwt-kind.js";
import { CONTENT_ENCRYPTIONS, type ResponseAlgorithms } from "./response-algorithms.js";

/** The client's settings for what the provider encrypts. */
export interface Decrypter {
  readonly algorithms: ResponseAlgorithms;
  readonly decryptionKeys: readonly DecryptionKey[];
}

/** A JWE in compact form has five parts (RFC 7516 §7.1). */
const JWE = /^(?:[^.]*\.){4}[^.]*$/;

/**
 * Decrypts what a provider has encrypted for this client (OpenID Connect Core §10.2), with the algorithms that the client is
 * registered with and no others. Once they are configured, nothing that comes unencrypted is accepted.
 *
 * @returns the content: the signed JWT
 * @throws ClientAuthError with the code of its kind
 */
export async function decryptJwt(
  token: string,
  kind: ClientJwtKind,
  { algorithms, decryptionKeys }: Decrypter,
  call: Call,
): Promise<string> {
  const option = `${kind.use}_encrypted_response_alg` as const;
  const alg = algorithms[option];
  const isEncrypted = JWE.test(token);
  if (alg === undefined && !isEncrypted) return token;
  const refuse = (reason: string, cause?: unknown): Error =>
    clientAuthError(kind.code, `The ${kind.name} is refused: ${reason}.`, {
      correlationId: call.correlationId,
      cause,
    });
  if (alg === undefined) {
    throw refuse(
      `it is encrypted, and this client is not configured for that: name the algorithm in auth.clientMetadata.${option}, and the keys in auth.decryptionKeys`,
    );
  }
  if (!isEncrypted)
    throw refuse(`it is not encrypted, although the client is registered with ${alg} (${option})`);
  const { alg: actual, kid } = jwtHeader(token);
  if (actual !== alg)
    throw refuse(`it is encrypted with ${JSON.stringify(actual)}, the client is registered with ${alg}`);
  const usable = decryptionKeys.filter((key) => decrypts(key, alg));
  const named = usable.filter((key) => kid === undefined || key.kid === undefined || key.kid === kid);
  if (named.length === 0) {
    throw refuse(
      `it is encrypted for the key ${JSON.stringify(kid)}, which is not one of auth.decryptionKeys`,
    );
  }
  const enc = algorithms[`${kind.use}_encrypted_response_enc`] ?? CONTENT_ENCRYPTIONS[0];
  return firstOf(named, (key) => decrypted(token, key, { alg, enc }), refuse);
}

/** A JWE without a `kid` may be for any of the keys (RFC 7516 §5.2). */
async function firstOf(
  keys: readonly DecryptionKey[],
  decrypt: (key: DecryptionKey) => Promise<string>,
  refuse: (reason: string, cause?: unknown) => Error,
): Promise<string> {
  let failure: unknown;
  for (const key of keys) {
    try {
      return await decrypt(key);
    } catch (error) {
      failure = error;
    }
  }
  throw refuse(`it cannot be decrypted with auth.decryptionKeys: ${errorText(failure)}`, failure);
}

async function decrypted(
  token: string,
  { key }: DecryptionKey,
  { alg, enc }: { readonly alg: string; readonly enc: string },
): Promise<string> {
  const { compactDecrypt } = await import("jose");
  const { plaintext } = await compactDecrypt(token, key, {
    keyManagementAlgorithms: [alg],
    contentEncryptionAlgorithms: [enc],
  });
  return new TextDecoder().decode(plaintext);
}
