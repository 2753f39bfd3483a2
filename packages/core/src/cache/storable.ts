import type { StoreInCache } from "../request/token-request.js";
import { tokenTypeUri } from "../request/token-type.js";
import type { CacheRecord, FreshRecord } from "./record.js";
import type { AccessTokenEntity } from "./schema/schema.js";

/**
 * Returns the record without the tokens that the caller does not want cached, and without an access token that is empty
 * or that an exchange issued in its place and that cannot be returned twice.
 */
export function storable(record: FreshRecord, store: StoreInCache | undefined): CacheRecord {
  const keepsAccessToken =
    record.accessToken.secret !== "" && store?.accessToken !== false && !isForOneCall(record.accessToken);
  if (keepsAccessToken && store === undefined) return record;
  const { accessToken, idToken, refreshToken, ...rest } = record;
  return {
    ...rest,
    ...(keepsAccessToken ? { accessToken } : {}),
    ...(idToken && store?.idToken !== false ? { idToken } : {}),
    ...(refreshToken && store?.refreshToken !== false ? { refreshToken } : {}),
  };
}

/** A refresh token may be good for one use; nothing is known of how long other tokens without `expires_in` live. */
function isForOneCall({ token_type, issued_token_type, has_assumed_lifetime }: AccessTokenEntity): boolean {
  if (token_type !== "N_A") return false;
  return has_assumed_lifetime === true || issued_token_type === tokenTypeUri("refresh_token");
}
