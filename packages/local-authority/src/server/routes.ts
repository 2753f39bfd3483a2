import type { Hono } from "hono";
import { authorize } from "../endpoints/authorize.js";
import { consent } from "../endpoints/consent.js";
import { deviceCode } from "../endpoints/device-code.js";
import { confirmDevice, deviceSignIn, typeDeviceCode } from "../endpoints/device-sign-in.js";
import { instanceDiscovery } from "../endpoints/instance-discovery.js";
import { keys } from "../endpoints/keys.js";
import { login } from "../endpoints/login.js";
import { logout } from "../endpoints/logout.js";
import { openidConfiguration } from "../endpoints/openid-configuration.js";
import { register } from "../endpoints/register.js";
import { selectAccount } from "../endpoints/select-account.js";
import { token } from "../endpoints/token.js";
import { userRealm } from "../endpoints/user-realm.js";
import { adfsUserinfo, userinfo } from "../endpoints/userinfo.js";
import { verify } from "../endpoints/verify.js";
import { usernameMixed, windowsTransport, wsTrustMetadata } from "../endpoints/ws-trust.js";
import type { Env, RequestContext } from "../http/request-context.js";
import type { AuthorityState } from "../state.js";

/** Paths that the web pages of apps may read (CORS). The sign-in pages are never among them. */
export const sharedPaths: readonly string[] = [
  "/:tenant/discovery/*",
  "/:tenant/v2.0/*",
  "/:tenant/.well-known/*",
  "/:tenant/oauth2/v2.0/token",
  "/oidc/*",
  "/adfs/oauth2/token",
  "/adfs/userinfo",
  "/:tenant/:policy/v2.0/.well-known/*",
  "/:tenant/:policy/discovery/*",
  "/:tenant/:policy/oauth2/v2.0/token",
  "/.well-known/*",
  "/:tenant/openid/.well-known/*",
  "/:tenant/openid/register",
];

type Endpoint = (c: RequestContext, state: AuthorityState) => Response | Promise<Response>;

/** Registers every endpoint with its methods and path. */
export function addRoutes(app: Hono<Env>, state: AuthorityState): void {
  const serve = (methods: readonly string[], path: string, endpoint: Endpoint) =>
    app.on([...methods], path, (c) => endpoint(c, state));
  const both = ["GET", "POST"];

  serve(["GET"], "/common/discovery/instance", instanceDiscovery);
  serve(["GET"], "/common/userrealm/:username", userRealm);
  serve(["GET"], "/common/oauth2/deviceauth", deviceSignIn);
  serve(["POST"], "/common/oauth2/deviceauth", typeDeviceCode);
  serve(["POST"], "/common/oauth2/deviceauth/confirm", confirmDevice);
  serve(both, "/oidc/userinfo", userinfo);

  serve(["GET"], "/adfs/services/trust/mex", wsTrustMetadata);
  serve(["POST"], "/adfs/services/trust/:version{2005|13}/usernamemixed", usernameMixed);
  if (state.acceptTicket)
    serve(["POST"], "/adfs/services/trust/:version{2005|13}/windowstransport", windowsTransport);
  const adfs = "/:tenant{adfs}";
  serve(["GET"], `${adfs}/.well-known/openid-configuration`, openidConfiguration);
  serve(["GET"], `${adfs}/discovery/keys`, keys);
  serve(both, `${adfs}/oauth2/authorize`, authorize);
  serve(["POST"], `${adfs}/oauth2/token`, token);
  serve(["POST"], `${adfs}/oauth2/devicecode`, deviceCode);
  serve(["GET"], `${adfs}/oauth2/deviceauth`, deviceSignIn);
  serve(both, `${adfs}/oauth2/logout`, logout);
  serve(both, `${adfs}/userinfo`, adfsUserinfo);
  addPages(serve, adfs);
  // Entra's paths do not exist here: a client that mistakes AD FS for Entra must fail in development.
  app.all("/adfs/*", (c) => c.notFound());

  serve(["GET"], "/:tenant/.well-known/openid-configuration", openidConfiguration);
  // RFC 8414 §3.1 and OpenID Connect Discovery §4: the first two insert the well-known part before the path.
  const openid = "/:tenant/:policy{openid}";
  serve(["GET"], `/.well-known/oauth-authorization-server${openid}`, openidConfiguration);
  serve(["GET"], `/.well-known/openid-configuration${openid}`, openidConfiguration);
  serve(["GET"], `${openid}/.well-known/openid-configuration`, openidConfiguration);
  serve(["POST"], `${openid}/register`, register);
  serve(["POST"], `${openid}/oauth2/v2.0/devicecode`, deviceCode);

  const policy = "/:tenant/:policy{[bB]2[cC]_1[^/]*}";
  for (const authority of ["/:tenant", policy]) {
    serve(["GET"], `${authority}/v2.0/.well-known/openid-configuration`, openidConfiguration);
  }
  for (const authority of ["/:tenant", policy, openid]) {
    serve(["GET"], `${authority}/discovery/v2.0/keys`, keys);
    serve(both, `${authority}/oauth2/v2.0/authorize`, authorize);
    serve(["POST"], `${authority}/oauth2/v2.0/token`, token);
    serve(both, `${authority}/oauth2/v2.0/logout`, logout);
    addPages(serve, authority);
  }
  serve(["POST"], "/:tenant/oauth2/v2.0/devicecode", deviceCode);
}

/** Registers the endpoints that receive the forms of the sign-in pages. */
function addPages(
  serve: (methods: readonly string[], path: string, endpoint: Endpoint) => void,
  authority: string,
): void {
  serve(["POST"], `${authority}/select-account`, selectAccount);
  serve(["POST"], `${authority}/login`, login);
  serve(["POST"], `${authority}/verify`, verify);
  serve(["POST"], `${authority}/consent`, consent);
}
