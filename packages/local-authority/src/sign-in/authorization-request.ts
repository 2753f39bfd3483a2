import { readClaims } from "../tokens/claims-parameter.js";
import type { App } from "../config/config.js";
import { dialectOf } from "../dialects/dialects.js";
import type { Directory, TenantScope } from "../directory.js";
import type { AuthorizationRequest, ReturnAddress } from "../stores/sign-in-request.js";
import { refuse } from "../errors/errors.js";
import type { Parameters } from "../http/parameters.js";
import { isRegistered } from "../http/redirect-uris.js";
import { readLoginHint } from "../tokens/tokens.js";

/** Reads app and redirect URI. @throws {AadstsError} 900144, 700016, 50194, 50011, to be shown to the user */
export function readReturnAddress(
  parameters: Parameters,
  at: TenantScope,
  directory: Directory,
): ReturnAddress {
  const app = directory.findApp(parameters["client_id"], at);
  const redirectUri = parameters["redirect_uri"] ?? onlyRedirectUri(app);
  if (!redirectUri) throw refuse(900144, { parameter: "redirect_uri" });
  if (!isRegistered(redirectUri, app.redirectUris)) {
    throw refuse(50011, { redirectUri, clientId: app.clientId });
  }
  const mode = parameters["response_mode"] ?? defaultMode(parameters["response_type"]);
  const responseMode = mode === "fragment" || mode === "form_post" ? mode : "query";
  return {
    at,
    app,
    redirectUri,
    responseMode,
    state: parameters["state"],
    clientInfo: parameters["client_info"] === "1",
  };
}

/**
 * Reads the remaining parameters.
 *
 * @throws {AadstsError} 900144, 700054, 70011, 50149, 501491, 90013, 9002313 and those of the dialect, to be redirected
 */
export function readAuthorizationRequest(
  parameters: Parameters,
  at: TenantScope,
  address: ReturnAddress,
  directory: Directory,
): AuthorizationRequest {
  const responseType = parameters["response_type"];
  if (!responseType) throw refuse(900144, { parameter: "response_type" });
  const isHybrid = isHybridType(responseType);
  if (responseType !== "code" && !isHybrid) throw refuse(700054, { responseType });
  const modes = isHybrid ? ["fragment", "form_post"] : ["query", "fragment", "form_post"];
  if (!modes.includes(parameters["response_mode"] ?? defaultMode(responseType))) throw refuse(90013);
  // OpenID Connect Core §3.3.2.11: the nonce ties the ID token from the browser to the request.
  if (isHybrid && !parameters["nonce"]) throw refuse(900144, { parameter: "nonce" });
  const scope = parameters["scope"] ?? "";
  readClaims(parameters["claims"]);
  const { app } = address;
  const { resource } = parameters;
  const scopes = dialectOf(at).readScopes({ at, app, scope: parameters["scope"], resource, directory });
  if (isHybrid && !scopes.oidc.includes("openid")) throw refuse(70011, { scope });
  return {
    ...address,
    isHybrid,
    scope,
    resource,
    scopes,
    prompts: readPrompts(parameters["prompt"]),
    loginHint: parameters["login_hint"] && readLoginHint(parameters["login_hint"]),
    domainHint: parameters["domain_hint"],
    sessionId: parameters["sid"],
    nonce: parameters["nonce"],
    claims: parameters["claims"],
    maxAge: readMaxAge(parameters["max_age"]),
    ...readChallenge(parameters, at),
  };
}

/** OAuth 2.0 Multiple Response Types §3 and §5. An ID token is never sent in the query. */
function isHybridType(responseType: string): boolean {
  return responseType.split(" ").sort().join(" ") === "code id_token";
}

function defaultMode(responseType: string | undefined): string {
  return isHybridType(responseType ?? "") ? "fragment" : "query";
}

function onlyRedirectUri(app: App): string | undefined {
  return app.redirectUris.length === 1 ? app.redirectUris[0] : undefined;
}

function readPrompts(prompt: string | undefined): readonly string[] {
  const prompts = (prompt ?? "").split(" ").filter((word) => word !== "");
  const known = ["none", "login", "select_account", "consent", "create"];
  // OpenID Connect Core §3.1.2.1: `none` with any other value is an error.
  const contradicts = prompts.includes("none") && prompts.length > 1;
  if (contradicts || prompts.some((word) => !known.includes(word))) throw refuse(90013);
  return prompts;
}

function readMaxAge(maxAge: string | undefined): string | undefined {
  if (maxAge !== undefined && !/^\d+$/.test(maxAge)) throw refuse(90013);
  return maxAge;
}

/** RFC 7636 §4.3: the default method is `plain`. */
function readChallenge(parameters: Parameters, { kind }: TenantScope) {
  const codeChallenge = parameters["code_challenge"];
  // RFC 9700 §2.1.1: the standard issuer announces S256 and takes nothing else.
  if (kind === "openid") {
    if (codeChallenge === undefined) throw refuse(900144, { parameter: "code_challenge" });
    if (parameters["code_challenge_method"] !== "S256") throw refuse(50149);
  }
  const codeChallengeMethod = parameters["code_challenge_method"] ?? "plain";
  if (codeChallenge === undefined) return {};
  if (codeChallengeMethod !== "S256" && codeChallengeMethod !== "plain") throw refuse(50149);
  if (!/^[\w.~-]{43,128}$/.test(codeChallenge)) throw refuse(501491);
  return { codeChallenge, codeChallengeMethod };
}
