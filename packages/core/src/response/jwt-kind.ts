import type { ClientAuthErrorCode } from "../errors/error-codes.js";

/** The names under which a client registers, and a provider lists, the algorithms of its JWTs. */
export type JwtUse = "id_token";

/** One of the JWTs that a provider issues to its clients: what it must contain, and how it is signed. */
export interface JwtKind {
  /** Its name in messages. */
  readonly name: string;
  /** Code of the error that refuses it. */
  readonly code: ClientAuthErrorCode;
  /** First part of `…_signed_response_alg` and `…_signing_alg_values_supported`. */
  readonly use: JwtUse;
  /** Claims that must be present, and are checked whenever they are. */
  readonly required: readonly ("iss" | "sub" | "aud" | "exp" | "iat")[];
}

/** OpenID Connect Core §2. */
export const ID_TOKEN: JwtKind = {
  name: "ID token",
  code: "invalid_id_token",
  use: "id_token",
  required: ["iss", "sub", "aud", "exp", "iat"],
};
