import type { AccountInfo, AuthenticationResult } from "@tessera/core";
import {
  clientConfigurationError,
  ID_JAG,
  numberIn,
  parseJsonObject,
  withinCallTime,
  wrongType,
  type Call,
} from "@tessera/core/internal";
import type { IdentityOfUser } from "./identity-of-user.js";
import type { SilentFlowRequest, TokenExchangeRequest } from "../requests.js";

/** What the company's application has to be able to do. */
export interface CompanyApplication {
  acquireTokenSilent(request: SilentFlowRequest): Promise<AuthenticationResult>;
  acquireTokenByTokenExchange(request: TokenExchangeRequest): Promise<AuthenticationResult>;
}

/** What the assertion is for. */
export interface AssertionTarget {
  /** The issuer of the other server. */
  readonly audience: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Whether the one in the cache was refused. */
  readonly isNew: boolean;
}

/** @throws ClientConfigurationError `token_request_empty` unless there is exactly one of them */
export function requireUser({ account, idToken }: IdentityOfUser): void {
  if (idToken !== undefined && (typeof idToken !== "string" || idToken === ""))
    throw wrongType("idToken", idToken || undefined, "an ID token as a string");
  if ((account === undefined) !== (idToken === undefined)) return;
  throw clientConfigurationError(
    "token_request_empty",
    "account and idToken name the user in two ways: pass exactly one of them.",
  );
}

/** Names the user, so that tokens are found again. A renewed ID token of an account makes no difference. */
export function subjectOf({ account, idToken }: IdentityOfUser): readonly string[] {
  return account ? ["account", account.environment, account.homeAccountId] : ["token", idToken ?? ""];
}

/**
 * Requests an identity assertion authorization grant of the company's provider, or takes the one in the cache. That ends with the
 * time of the call of which it is a step.
 *
 * @see draft-ietf-oauth-identity-assertion-authz-grant, RFC 8693
 */
export async function identityAssertion(
  application: CompanyApplication,
  user: IdentityOfUser,
  { audience, resource, scopes, isNew }: AssertionTarget,
  call: Call,
): Promise<string> {
  return withinCallTime(call, "identity assertion of the company's provider", async (signal) => {
    const step = { correlationId: call.correlationId, signal };
    const { accessToken } = await application.acquireTokenByTokenExchange({
      ...step,
      subjectToken: user.account ? await idTokenOf(application, user.account, step) : (user.idToken ?? ""),
      subjectTokenType: "id_token",
      requestedTokenType: ID_JAG,
      audience,
      resource,
      scopes: [...scopes],
      skipCache: isNew,
    });
    return accessToken;
  });
}

/** Seconds that an ID token must still be valid: it travels to the provider. */
const MARGIN = 60;

async function idTokenOf(
  application: CompanyApplication,
  account: AccountInfo,
  step: { readonly correlationId: string; readonly signal: AbortSignal },
): Promise<string> {
  const request = { ...step, account, scopes: ["openid"] };
  const { idToken } = await application.acquireTokenSilent(request);
  const [, payload = ""] = idToken.split(".");
  const expiry = numberIn(parseJsonObject(Buffer.from(payload, "base64url").toString())?.["exp"]);
  if (expiry > Date.now() / 1000 + MARGIN) return idToken;
  return (await application.acquireTokenSilent({ ...request, forceRefresh: true })).idToken;
}
