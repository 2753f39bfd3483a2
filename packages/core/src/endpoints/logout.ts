import type { AccountInfo } from "../account.js";
import { idTokenIssuerMatches } from "../authority/issuer.js";
import type { Client } from "../client/client.js";
import type { UseOnce } from "../client/used-sign-ins.js";
import { dialectOf } from "../dialect/dialects.js";
import { isObject, numberIn, textIn } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { checkFieldTypes, requireAccount } from "../request/field-types.js";
import { requiredText, tokenRequest } from "../request/token-request.js";
import { decryptJwt } from "../response/decrypt-jwt.js";
import type { RawClaims } from "../response/id-token.js";
import { LOGOUT_TOKEN } from "../response/jwt-kind.js";
import { sameText } from "../response/same-text.js";
import { verifyJwt, type Refuse } from "../response/verify-jwt.js";
import { atProvider, type EndpointCall, type EndpointInput } from "./at-provider.js";

/** Request to validate a logout token. */
export interface LogoutTokenInput extends EndpointInput {
  /** The parameter `logout_token` that the provider has posted. */
  readonly logoutToken: string;
  /** The record of all processes of what has been used. By default, a token is accepted once by each process. */
  readonly useOnce?: UseOnce;
}

/** Request to validate a front-channel logout. */
export interface FrontChannelLogoutInput extends EndpointInput {
  /** The parameter `iss` of the page's address. */
  readonly iss: string;
  /** The parameter `sid` of the page's address. */
  readonly sid: string;
  /** The user of the session that the page was loaded in. */
  readonly account: AccountInfo;
}

/** A sign-out that the provider has announced. */
export interface ProviderLogout {
  readonly iss: string;
  /** Subject of the user; all sessions of the user end if there is no `sid`. */
  readonly sub?: string;
  /** The session at the provider, which is the claim `sid` of its ID tokens. */
  readonly sid?: string;
  /** The users in the cache that the sign-out concerns. */
  readonly accounts: AccountInfo[];
}

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** Prefix of the identifiers of logout tokens among what is used once. */
const USED = "logout_token";

/**
 * Validates a logout token (OpenID Connect Back-Channel Logout §2.6). Each is accepted once by this process or,
 * with `useOnce`, by all.
 *
 * @throws ClientAuthError `invalid_logout_token`
 */
export async function validateLogoutToken(client: Client, input: LogoutTokenInput): Promise<ProviderLogout> {
  const request = tokenRequest(client, input);
  const { correlationId, given } = request;
  checkFieldTypes(given, correlationId);
  const remedy = "pass the parameter logout_token that was posted.";
  const token = requiredText(given.logoutToken, "logoutToken", remedy, correlationId);
  return atProvider(client, request, undefined, async (context) => {
    const { authority, call } = context;
    const signed = await decryptJwt(token, LOGOUT_TOKEN, client, call);
    const expected = { kind: LOGOUT_TOKEN, client, authority, check: checkLogout };
    const { iss, sub, sid, jti, exp } = await verifyJwt(signed, expected, call);
    const { clockTolerance } = dialectOf(authority.url);
    const until = (numberIn(exp) + clockTolerance) * 1000;
    if (!(await client.usedSignIns.use(JSON.stringify([USED, iss, jti]), until, given.useOnce))) {
      throw clientAuthError(
        LOGOUT_TOKEN.code,
        "The logout token is refused: it has been used before (jti).",
        call,
      );
    }
    const named = {
      ...(typeof sub === "string" ? { sub } : {}),
      ...(typeof sid === "string" ? { sid } : {}),
    };
    return { iss: textIn(iss), ...named, accounts: await accountsOf(context, named) };
  });
}

/**
 * Validates the address at which a provider loads the app's page for signing out (OpenID Connect Front-Channel Logout §3).
 *
 * @throws ClientAuthError `invalid_logout_token` for another issuer or another session than the account's
 */
export async function validateFrontChannelLogout(
  client: Client,
  input: FrontChannelLogoutInput,
): Promise<ProviderLogout> {
  const request = tokenRequest(client, input);
  const { correlationId, given } = request;
  const { iss, sid, account } = given;
  checkFieldTypes(given, correlationId);
  requireAccount(account, "pass the user of the session that the page was loaded in");
  const remedy =
    "pass the parameter of the page's address, which the provider sends if the client asks for it.";
  requiredText(iss, "iss", remedy, correlationId);
  requiredText(sid, "sid", remedy, correlationId);
  return atProvider(client, request, account, async ({ authority, call }) => {
    const refuse = (reason: string): Error =>
      clientAuthError(LOGOUT_TOKEN.code, `The front-channel logout is refused: ${reason}.`, call);
    const { sid: own, tid } = account.idTokenClaims ?? {};
    if (!idTokenIssuerMatches(authority, { iss, tid }))
      throw refuse(`iss is "${iss}", the authority's issuer is "${authority.metadata.issuer}"`);
    if (typeof own !== "string" || !sameText(own, sid))
      throw refuse("sid is not that of the account's ID token: it is another session");
    return { iss, sid, accounts: [account] };
  });
}

/** The claims that only a logout token has. */
function checkLogout({ sub, sid, jti, events, nonce }: RawClaims, refuse: Refuse): void {
  if (!isObject(events) || !isObject(events[EVENT])) refuse("events does not name a back-channel logout");
  if (nonce !== undefined) refuse("it has a nonce, as ID tokens do");
  for (const [name, value] of Object.entries({ sub, sid })) {
    if (value !== undefined && (typeof value !== "string" || value === ""))
      refuse(`its ${name} is not a string`);
  }
  if (sub === undefined && sid === undefined) refuse("it has neither sub nor sid");
  if (typeof jti !== "string" || jti === "") refuse("jti is missing");
}

/** The users that a sign-out concerns: those of the subject, or of the session if it names no subject. */
async function accountsOf(
  { client, authority }: EndpointCall,
  { sub, sid }: { readonly sub?: string; readonly sid?: string },
): Promise<AccountInfo[]> {
  const { url } = authority;
  // Where there are no tenants, the subject identifies the user, who is found without looking at all of them.
  const isId = sub !== undefined && !dialectOf(url).hasTenants;
  const known = await client.cache.getAccounts({
    authority: url.href,
    ...(isId ? { homeAccountId: sub } : {}),
  });
  if (isId) return known;
  return known.filter(({ idTokenClaims: claims }) =>
    sub === undefined ? claims?.sid === sid : claims?.sub === sub,
  );
}
