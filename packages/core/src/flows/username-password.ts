import type { AuthorityUrl } from "../authority/authority-url.js";
import { AuthError } from "../errors/errors.js";
import { secureUrl } from "../http/secure-url.js";
import type { Call } from "../http/transport.js";
import { Parameters } from "../request/parameters.js";
import { withOidcScopes } from "../request/scopes.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { ApiId, CacheOutcome } from "../dialect/entra-telemetry.js";
import type { Client } from "../client/client.js";
import { redeem } from "../exchange/redeem.js";
import { upnAnchor } from "./refresh-token.js";
import { sharedCall } from "../exchange/shared-call.js";
import { findUsernameEndpoint, type UsernameEndpoint } from "./ws-trust/metadata.js";
import { requestSecurityToken } from "./ws-trust/security-token.js";
import { discoverFederation, type Federation } from "./ws-trust/user-realm.js";

/** A user's name and password. */
export interface UsernamePasswordAsk {
  readonly username: string;
  readonly password: string;
}

/**
 * Tokens for a user's name and password (RFC 6749 §4.3): only where nothing better can be had. The password of a federated
 * user goes to the federation server (WS-Trust), and its assertion to Entra (RFC 7522).
 */
export function usernamePassword(
  client: Client,
  request: TokenRequest,
  ask: UsernamePasswordAsk,
): Promise<AuthenticationResult> {
  const { username, password } = ask;
  const url = client.authorities.url(request.authorityUrl);
  const scopes = withOidcScopes(request.scopes);
  // The password is part of what makes two calls equal: a wrong one must not share the answer to the right one.
  const key = ["password", url.href, username, password, ...scopes].join(" ");
  return sharedCall(client, request, key, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    const entra = url.kind !== "oidc";
    const federation = canFederate(url)
      ? await discoverFederation(client.transport, url, username, call)
      : undefined;
    const parameters = new Parameters().set("scope", scopes.join(" "));
    if (federation) parameters.setAll(await federated(client, federation, ask, call));
    else {
      parameters
        .set("username", username)
        .set("password", password)
        .set("response_type", entra ? "id_token token" : undefined)
        .set("grant_type", "password");
    }
    return redeem(
      client,
      authority,
      request,
      {
        apiId: ApiId.usernamePassword,
        cacheOutcome: CacheOutcome.notApplicable,
        scopes,
        parameters,
        owner: { kind: "user" },
        nonce: "unchecked",
        throttleKey: ["password", username, ...scopes].join(" "),
        headers: entra ? upnAnchor(username) : {},
      },
      call,
    );
  });
}

/** Only Entra's own tenants have users whose home is elsewhere; B2C policies and others check passwords themselves. */
function canFederate(url: AuthorityUrl): boolean {
  return url.kind === "entra" && url.segments.length === 1;
}

async function federated(
  client: Client,
  federation: Federation,
  ask: UsernamePasswordAsk,
  call: Call,
): Promise<Parameters> {
  const { transport, clock } = client;
  const endpoint = await endpointOf(client, federation, call);
  const token = await requestSecurityToken(
    transport,
    endpoint,
    { ...ask, audience: federation.audience, clock },
    call,
  );
  return new Parameters()
    .set("grant_type", token.grantType)
    .set("assertion", Buffer.from(token.assertion, "utf8").toString("base64url"));
}

/** The endpoint the metadata names; without readable metadata the one Entra knows, which speaks WS-Trust 2005. */
async function endpointOf(client: Client, federation: Federation, call: Call): Promise<UsernameEndpoint> {
  const { metadataUrl, activeAuthUrl } = federation;
  try {
    return await findUsernameEndpoint(client.transport, metadataUrl, call);
  } catch (error) {
    const dependencyMissing = error instanceof AuthError && error.errorCode === "missing_dependency";
    if (!activeAuthUrl || dependencyMissing || call.signal?.aborted) throw error;
    return { url: secureUrl(activeAuthUrl, "federation_active_auth_url").href, version: "2005" };
  }
}
