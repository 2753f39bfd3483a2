import {
  CONTENT_ENCRYPTIONS,
  decrypts,
  ENCRYPTION_ALGORITHMS,
  invalidOption,
  isRecord,
  JWT_USES,
  readDecryptionKeys,
  type ClientOptions,
  type DecryptionKey,
  type DecryptionKeyOptions,
  type JwtUse,
} from "@tessera/core/internal";
import { pemContent } from "./credential/credential-content.js";
import type { ClientMetadata, NodeAuthOptions } from "./configuration.js";

const METADATA = "auth.clientMetadata.";

/**
 * Checks how the provider signs and encrypts what it sends this client, and the keys for decryption.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedResponses(
  metadata: ClientMetadata,
  { clientSecret, decryptionKeys }: NodeAuthOptions,
): Pick<ClientOptions, "algorithms" | "decryptionKeys"> {
  const pems = decryptionKeys && contentsOf(decryptionKeys);
  const keys = pems === undefined ? [] : readDecryptionKeys(pems);
  for (const use of JWT_USES) {
    checkSignature(use, metadata, clientSecret);
    checkEncryption(use, metadata, keys);
  }
  const isUsed = JWT_USES.some((use) => metadata[`${use}_encrypted_response_alg`] !== undefined);
  if (keys.length > 0 && !isUsed) {
    throw invalidOption(
      "auth.decryptionKeys",
      "is set, but nothing is encrypted",
      `name the algorithm that the client is registered with, such as ${METADATA}id_token_encrypted_response_alg`,
    );
  }
  const names = JWT_USES.flatMap((use) => [
    `${use}_signed_response_alg` as const,
    `${use}_encrypted_response_alg` as const,
    `${use}_encrypted_response_enc` as const,
  ]);
  return {
    algorithms: Object.fromEntries(names.map((name) => [name, metadata[name]])),
    decryptionKeys: pems,
  };
}

/** Reads the files of keys that are given as a path. What is not a key is refused where keys are read. */
function contentsOf(keys: readonly DecryptionKeyOptions[]): readonly DecryptionKeyOptions[] {
  if (!Array.isArray(keys)) return keys;
  return keys.map((key: DecryptionKeyOptions, index) =>
    isRecord(key)
      ? { ...key, privateKey: pemContent(key.privateKey, "privateKey", `auth.decryptionKeys[${index}]`) }
      : key,
  );
}

function checkSignature(
  use: JwtUse,
  metadata: ClientMetadata,
  secret: NodeAuthOptions["clientSecret"],
): void {
  const name = `${use}_signed_response_alg` as const;
  const algorithm = metadata[name];
  if (algorithm === undefined || /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/.test(algorithm)) return;
  if (algorithm === "HS256" && secret) return;
  throw invalidOption(
    `${METADATA}${name}`,
    `is "${algorithm}"`,
    "use RS256 or another asymmetric algorithm; HS256 requires a confidential client with a secret; none is never accepted",
  );
}

function checkEncryption(use: JwtUse, metadata: ClientMetadata, keys: readonly DecryptionKey[]): void {
  const name = `${use}_encrypted_response_alg` as const;
  const { [name]: alg, [`${use}_encrypted_response_enc` as const]: enc } = metadata;
  if (alg === undefined) {
    if (enc === undefined) return;
    throw invalidOption(
      `${METADATA}${use}_encrypted_response_enc`,
      `is set without ${name}`,
      "set both, or neither",
    );
  }
  if (!(ENCRYPTION_ALGORITHMS as readonly string[]).includes(alg))
    throw invalidOption(
      `${METADATA}${name}`,
      `is "${alg}"`,
      `use one of ${ENCRYPTION_ALGORITHMS.join(", ")}`,
    );
  if (enc !== undefined && !(CONTENT_ENCRYPTIONS as readonly string[]).includes(enc)) {
    throw invalidOption(
      `${METADATA}${use}_encrypted_response_enc`,
      `is "${enc}"`,
      `use one of ${CONTENT_ENCRYPTIONS.join(", ")}`,
    );
  }
  if (keys.some((key) => decrypts(key, alg))) return;
  throw invalidOption(
    "auth.decryptionKeys",
    `has no key for ${METADATA}${name} "${alg}"`,
    `pass the ${alg.startsWith("RSA") ? "RSA" : "elliptic"} key whose public key is registered for encryption`,
  );
}
