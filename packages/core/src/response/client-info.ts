import { base64Decode, parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";

/** The user's ids in the home tenant, from Entra's `client_info`. */
export interface ClientInfo {
  /** Object id in the home tenant. */
  readonly uid: string;
  /** Home tenant id. */
  readonly utid: string;
  /** Data boundary region, such as `EU`. */
  readonly xms_tdbr?: string;
}

/**
 * Decodes `client_info` (base64url JSON).
 *
 * @returns `undefined` when the server sent no `client_info`, or one that lacks an id
 * @throws ClientAuthError `client_info_decoding_error`
 */
export function decodeClientInfo(
  clientInfo: string | undefined,
  correlationId: string,
): ClientInfo | undefined {
  if (!clientInfo) return undefined;
  const decoded = parseJsonObject(base64Decode(clientInfo));
  if (!decoded) {
    throw clientAuthError(
      "client_info_decoding_error",
      "client_info in the response is not base64url JSON.",
      {
        correlationId,
      },
    );
  }
  const { uid, utid, xms_tdbr: region } = decoded;
  if (typeof uid !== "string" || typeof utid !== "string" || !uid || !utid) return undefined;
  return { uid, utid, ...(typeof region === "string" ? { xms_tdbr: region } : {}) };
}
