import type { ClientAuthErrorCode } from "../errors/error-codes.js";
import type { JwtUse } from "./response-algorithms.js";

/** One of the JWTs that a provider issues: what it must contain, and how it is signed. */
export interface JwtKind {
  /** Its name in messages. */
  readonly name: string;
  /** Code of the error that refuses it. */
  readonly code: ClientAuthErrorCode;
  /** See {@link ClientJwtKind}. Without one, any asymmetric algorithm is accepted. */
  readonly use?: JwtUse;
  /** Claims that must be present. The others are checked if they are. */
  readonly required: readonly ("iss" | "sub" | "aud" | "exp" | "iat")[];
  /** `typ` of its header, if it has one of its own (RFC 8725 §3.11). */
  readonly typ?: { readonly name: string; readonly isRequired: boolean };
}

/** A JWT that is for the client. */
export interface ClientJwtKind extends JwtKind {
  /** The metadata of client and provider that name its algorithms. */
  readonly use: JwtUse;
}

/** OpenID Connect Core §2. */
export const ID_TOKEN: ClientJwtKind = {
  name: "ID token",
  code: "invalid_id_token",
  use: "id_token",
  required: ["iss", "sub", "aud", "exp", "iat"],
};

/** OpenID Connect Core §5.3.2. */
export const USER_INFO: ClientJwtKind = {
  name: "user info response",
  code: "invalid_user_info",
  use: "userinfo",
  required: ["sub"],
};

/** RFC 9701 §5. */
export const INTROSPECTION: ClientJwtKind = {
  name: "introspection response",
  code: "invalid_introspection_response",
  use: "introspection",
  required: ["iss", "aud", "iat"],
  typ: { name: "token-introspection+jwt", isRequired: true },
};

/** JARM §2.1, §2.4. */
export const AUTHORIZATION_RESPONSE: ClientJwtKind = {
  name: "authorization response",
  code: "invalid_authorization_response",
  use: "authorization",
  required: ["iss", "aud", "exp"],
};

/** RFC 9068 §2, and those that other providers issue. Not every provider has a `typ` for them. */
export const ACCESS_TOKEN: JwtKind = {
  name: "access token",
  code: "invalid_access_token",
  required: ["iss", "aud", "exp"],
};

/** OpenID Connect Back-Channel Logout §2.4. Its algorithm is that of ID tokens (§2.6). */
export const LOGOUT_TOKEN: ClientJwtKind = {
  name: "logout token",
  code: "invalid_logout_token",
  use: "id_token",
  required: ["iss", "aud", "iat", "exp"],
  typ: { name: "logout+jwt", isRequired: false },
};
