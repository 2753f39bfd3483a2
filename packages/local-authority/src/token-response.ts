import { readClaims } from "./claims-parameter.js";
import type { App, AuthorityConfig } from "./config.js";
import { challenge, unmetPolicy } from "./conditional-access.js";
import { admits } from "./directory.js";
import { refuse } from "./errors.js";
import type { TokenRequest, TokenResponse } from "./grants/grant.js";
import { isGraph, readScopes, type RequestedScopes } from "./scopes.js";
import type { AuthorityState } from "./state.js";
import type { SignIn } from "./stores/sessions.js";
import { clientInfo, issuerOf, signIdToken, signUserAccessToken } from "./tokens.js";

/** What a grant has found out about the user it answers for. */
export interface UserGrant {
  readonly signIn: SignIn;
  readonly scope: string | undefined;
  readonly nonce?: string;
  readonly claims?: string;
  readonly withAuthTime: boolean;
  /** Called when nothing can refuse the request any more, before anything asynchronous happens. */
  readonly onAccepted?: () => void;
}

/**
 * The token response of every grant that acts for a user.
 *
 * @throws {AadstsError} 50057, 50055, 50020, 50076, 53003, 65001 and those of `readScopes` and `readClaims`
 */
export async function respondToUser(
  state: AuthorityState,
  request: TokenRequest,
  grant: UserGrant,
): Promise<TokenResponse> {
  const { app, at, form, azpacr, boundTo } = request;
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
  const scopes = readScopes(grant.scope, app, state.directory, tenant.name);
  const claims = readClaims(grant.claims);
  if (state.consents.missing(user, app, scopes).length > 0) {
    throw refuse(65001, { clientId: app.clientId, name: app.name });
  }
  const attempt = { app, scopes, claims: grant.claims };
  const policy = unmetPolicy(state, attempt, grant.signIn);
  if (policy !== undefined) throw challenge(policy, attempt);
  grant.onAccepted?.();

  const granted = grantedScopes(scopes, state);
  const [accessToken, idToken] = await Promise.all([
    signUserAccessToken(state, {
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
  return {
    token_type: "Bearer",
    scope: granted.response.join(" "),
    ...expiry(state.config),
    access_token: accessToken,
    ...(scopes.oidc.includes("offline_access")
      ? { refresh_token: issueRefreshToken(state, app, grant, scopes) }
      : {}),
    ...(idToken === undefined ? {} : { id_token: idToken }),
    ...(form["client_info"] === "1" ? { client_info: clientInfo(user, home) } : {}),
    ...(app.familyId === undefined ? {} : { foci: app.familyId }),
  };
}

/** The time fields of every token response, in seconds. */
export function expiry(config: AuthorityConfig) {
  const lifetime = config.lifetimes.accessToken;
  return {
    expires_in: lifetime,
    ext_expires_in: config.extExpiresIn ?? lifetime,
    ...(config.refreshIn === undefined ? {} : { refresh_in: config.refreshIn }),
  };
}

/**
 * `claim` goes into `scp`, `response` into `scope`. Entra answers in the form in which it was asked, keeps the literal
 * `.default` so that a cache finds what it asked for, never names `offline_access`, and counts the OpenID Connect
 * scopes as permissions of Microsoft Graph.
 */
function grantedScopes(scopes: RequestedScopes, state: AuthorityState) {
  const isDefault = scopes.permissions.includes(".default");
  const named = isDefault ? defaultPermissions(scopes, state) : scopes.permissions;
  const oidc = isGraph(scopes.audience) ? scopes.oidc.filter((scope) => scope !== "offline_access") : [];
  const claim = [...named, ...oidc];
  return {
    claim: claim.length > 0 ? claim : ["User.Read"],
    response: [...named.map(scopes.write), ...oidc, ...(isDefault ? [scopes.write(".default")] : [])],
  };
}

/** What `.default` stands for: the permissions an administrator gave the app for this resource. */
function defaultPermissions(scopes: RequestedScopes, state: AuthorityState): readonly string[] {
  if (isGraph(scopes.audience)) return ["User.Read"];
  const declared = state.directory.appById(scopes.audience)?.scopes ?? [];
  return declared.length > 0 ? declared : ["user_impersonation"];
}

function issueRefreshToken(
  state: AuthorityState,
  app: App,
  grant: UserGrant,
  scopes: RequestedScopes,
): string {
  const { user, home, sessionId, authTime, multiFactor } = grant.signIn;
  return state.refreshTokens.issue({
    user,
    home,
    sessionId,
    authTime,
    multiFactor,
    clientId: app.clientId,
    familyId: app.familyId,
    scope: [...scopes.permissions.map((name) => `${scopes.resource}/${name}`), ...scopes.oidc].join(" "),
  });
}
