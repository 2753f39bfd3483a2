import { Parameters } from "../request/parameters.js";
import { withOidcScopes } from "../request/scopes.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { ApiId, CacheOutcome } from "../telemetry.js";
import type { Client } from "./client.js";
import { redeem } from "./redeem.js";
import { sharedCall } from "./shared-call.js";

/** A user's name and password. */
export interface UsernamePasswordAsk {
  readonly username: string;
  readonly password: string;
}

/** Tokens for a user's name and password (RFC 6749 §4.3): only where nothing better can be had. */
export function usernamePassword(
  client: Client,
  request: TokenRequest,
  { username, password }: UsernamePasswordAsk,
): Promise<AuthenticationResult> {
  const url = client.authorities.url(request.authorityUrl);
  const scopes = withOidcScopes(request.scopes);
  // The password is part of what makes two calls equal: a wrong one must not share the answer to the right one.
  const key = ["password", url.href, username, password, ...scopes].join(" ");
  return sharedCall(client, request, key, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    const entra = url.kind !== "oidc";
    return redeem(
      client,
      authority,
      request,
      {
        apiId: ApiId.usernamePassword,
        cacheOutcome: CacheOutcome.notApplicable,
        scopes,
        parameters: new Parameters()
          .set("username", username)
          .set("password", password)
          .set("scope", scopes.join(" "))
          .set("response_type", entra ? "id_token token" : undefined)
          .set("grant_type", "password"),
        owner: { kind: "user" },
        nonce: "unchecked",
        throttleKey: ["password", username, ...scopes].join(" "),
        headers: entra ? { "X-AnchorMailbox": `UPN: ${headerText(username)}` } : {},
      },
      call,
    );
  });
}

/** A user name as a header can carry it. */
function headerText(username: string): string {
  return username.replace(/[^\x20-\x7e]/g, (character) => encodeURIComponent(character));
}
