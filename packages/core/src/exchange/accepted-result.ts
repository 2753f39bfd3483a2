import type { Entry } from "../cache/memory/entry.js";
import type { FreshRecord } from "../cache/record.js";
import type { AccountEntity } from "../cache/schema/schema.js";
import { accessTokenKey, accountKey, idTokenKey } from "../cache/schema/keys.js";
import type { TokenResponse } from "../response/token-response.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import type { Exchange } from "./exchange.js";

/** The written record, and the user's previous entries, which a refresh response may omit. */
export interface Kept {
  readonly record: FreshRecord;
  readonly known: Entry<"Account"> | undefined;
  readonly knownIdToken: Entry<"IdToken"> | undefined;
}

/** Builds the result of a redemption from what was kept of it. */
export function acceptedResult(
  { authority, call }: Exchange,
  { record, known, knownIdToken }: Kept,
  tokens: TokenResponse,
): AuthenticationResult {
  const { accessToken, account, idToken, claims } = record;
  const result = authenticationResult(
    {
      accessToken: { section: "AccessToken", key: accessTokenKey(accessToken), entity: accessToken },
      account: account && account !== known?.entity ? accountEntry(account) : known,
      idToken: idToken
        ? { section: "IdToken", key: idTokenKey(idToken), entity: idToken, facts: claims }
        : knownIdToken,
    },
    {
      authority: authority.url.href,
      correlationId: call.correlationId,
      fromCache: false,
      requestId: tokens.requestId ?? "",
      familyId: tokens.foci ?? "",
      code: tokens.spaCode,
    },
  );
  if (tokens.accessToken) return result;
  return { ...result, scopes: [], expiresOn: null, extExpiresOn: undefined, tokenType: "" };
}

function accountEntry(entity: AccountEntity): Entry<"Account"> {
  return { section: "Account", key: accountKey(entity), entity };
}
