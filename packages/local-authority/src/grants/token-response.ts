import { readClaims } from "../tokens/claims-parameter.js";
import { challenge, unmetPolicy } from "../sign-in/conditional-access.js";
import type { TokenResponse } from "../dialects/dialect.js";
import { dialectOf, realmOf } from "../dialects/dialects.js";
import { admits } from "../directory.js";
import { refuse } from "../errors/errors.js";
import type { TokenRequest } from "./grant.js";
import type { RequestedScopes } from "../stores/sign-in-request.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";
import { signIdToken, signUserAccessToken } from "../dialects/sign-tokens.js";
import { issuerOf } from "../tokens/tokens.js";

/** The user and parameters that a grant determines. */
export interface UserGrant {
  readonly signIn: SignIn;
  readonly scope: string | undefined;
  /** The resource of the redeemed code or token; the request may name another one. */
  readonly resource?: string;
  readonly nonce?: string;
  readonly claims?: string;
  readonly withAuthTime: boolean;
  /** Called synchronously once no check can refuse the request. */
  readonly onAccepted?: () => void;
}

/**
 * Creates the token response of every grant that acts for a user.
 *
 * @throws {AadstsError} 50057, 50055, 50020, 50076, 53003, 65001 and those of the dialect and of `readClaims`
 */
export async function respondToUser(
  state: AuthorityState,
  request: TokenRequest,
  grant: UserGrant,
): Promise<TokenResponse> {
  const { app, at, form, azpacr, boundTo } = request;
  const { directory } = state;
  const dialect = dialectOf(at);
  const { user, home } = grant.signIn;
  if (state.directory.isDisabled(user)) throw refuse(50057);
  if (state.directory.isPasswordExpired(user)) throw refuse(50055);
  if (!admits(at, home)) {
    throw refuse(
      50020,
      {
        username: user.username,
        issuer: issuerOf(state.url, home.id),
        tenant: at.tenant?.name ?? at.segment,
        clientId: app.clientId,
      },
      { error: "invalid_grant" },
    );
  }
  const tenant = at.tenant ?? home;
  const scopes = dialect.readScopes({
    at,
    app,
    scope: grant.scope,
    resource: form["resource"],
    previousResource: grant.resource,
    directory,
  });
  const claims = readClaims(grant.claims);
  if (at.kind !== "adfs" && state.consents.missing(user, app, scopes).length > 0) {
    throw refuse(65001, { clientId: app.clientId, name: app.name });
  }
  const attempt = { app, scopes, claims: grant.claims };
  const policy = unmetPolicy(state, attempt, grant.signIn);
  if (policy !== undefined) throw challenge(policy, attempt);
  grant.onAccepted?.();

  const granted = dialect.grantedScopes(scopes, state);
  const [accessToken, idToken] = await Promise.all([
    scopes.audience === ""
      ? undefined
      : signUserAccessToken(state, {
          at,
          app,
          tenant,
          audience: scopes.audience,
          claims,
          azpacr,
          boundTo,
          signIn: grant.signIn,
          permissions: granted.claim,
        }),
    scopes.oidc.includes("openid")
      ? signIdToken(state, {
          at,
          app,
          tenant,
          signIn: grant.signIn,
          scopes: scopes.oidc,
          nonce: grant.nonce,
          claims,
          withAuthTime: grant.withAuthTime,
        })
      : undefined,
  ]);
  const issuesRefreshToken = dialect.issuesRefreshToken(scopes, form["grant_type"]);
  return dialect.tokenResponse(state, {
    at,
    accessToken,
    idToken,
    ...(issuesRefreshToken ? { refreshToken: issueRefreshToken(state, request, grant, scopes) } : {}),
    scope: granted.response.join(" "),
    resource: scopes.resource,
    ...(form["client_info"] === "1" ? { identity: grant.signIn } : {}),
    familyId: app.familyId,
  });
}

function issueRefreshToken(
  state: AuthorityState,
  { app, at }: TokenRequest,
  grant: UserGrant,
  scopes: RequestedScopes,
): string {
  const { user, home, sessionId, authTime, multiFactor } = grant.signIn;
  const full = (name: string) => `${scopes.resource}/${name}`;
  return state.refreshTokens.issue({
    user,
    home,
    sessionId,
    authTime,
    multiFactor,
    clientId: app.clientId,
    familyId: app.familyId,
    realm: realmOf(at),
    scope: [...scopes.permissions.map(at.kind === "openid" ? scopes.write : full), ...scopes.oidc].join(" "),
    resource: scopes.resource,
  });
}
