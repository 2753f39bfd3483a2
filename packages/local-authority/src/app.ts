import { Hono } from "hono";
import { cors } from "hono/cors";
import { authorize } from "./endpoints/authorize.js";
import { consent } from "./endpoints/consent.js";
import { deviceCode } from "./endpoints/device-code.js";
import { confirmDevice, deviceSignIn, typeDeviceCode } from "./endpoints/device-sign-in.js";
import { instanceDiscovery } from "./endpoints/instance-discovery.js";
import { keys } from "./endpoints/keys.js";
import { login } from "./endpoints/login.js";
import { logout } from "./endpoints/logout.js";
import { openidConfiguration } from "./endpoints/openid-configuration.js";
import { selectAccount } from "./endpoints/select-account.js";
import { token } from "./endpoints/token.js";
import { userRealm } from "./endpoints/user-realm.js";
import { userinfo } from "./endpoints/userinfo.js";
import { usernameMixed, wsTrustMetadata } from "./endpoints/ws-trust.js";
import { verify } from "./endpoints/verify.js";
import { AadstsError, describe, errorBody } from "./errors.js";
import type { Faults } from "./faults.js";
import type { Env, RequestContext } from "./http.js";
import { nameEndpoint, type EndpointName, type Journal } from "./journal.js";
import { pageHeaders } from "./pages/layout.js";
import { errorPage } from "./pages/notice.js";
import { meetFault, readRequest, recordRequest } from "./request-steps.js";
import type { AuthorityState } from "./state.js";

/** Where an error is shown to a user. */
const pageEndpoints: readonly EndpointName[] = [
  "authorize",
  "login",
  "select-account",
  "device-sign-in",
  "verify",
  "consent",
  "logout",
];

/** The way of every request: it is read, noted in the journal, may meet a fault, and comes to its endpoint. */
export function createApp(
  state: AuthorityState,
  journal: Journal,
  faults: Faults,
  closing: AbortSignal,
): Hono<Env> {
  // Some clients put a slash behind the token endpoint of a region.
  const app = new Hono<Env>({ strict: false });
  const endpoint =
    (handler: (c: RequestContext, state: AuthorityState) => Response | Promise<Response>) =>
    (c: RequestContext) =>
      handler(c, state);

  app.use(
    readRequest(state.clock),
    recordRequest(state.clock, journal),
    meetFault(faults, state.url, closing),
  );

  // What an app in a browser reads from its own origin; never the pages.
  for (const path of [
    "/:tenant/discovery/*",
    "/:tenant/v2.0/*",
    "/:tenant/.well-known/*",
    "/:tenant/oauth2/v2.0/token",
    "/oidc/*",
  ]) {
    app.use(path, cors());
  }

  app.get("/common/discovery/instance", endpoint(instanceDiscovery));
  app.get("/common/userrealm/:username", endpoint(userRealm));
  app.get("/adfs/services/trust/mex", endpoint(wsTrustMetadata));
  app.post("/adfs/services/trust/:version{2005|13}/usernamemixed", endpoint(usernameMixed));
  app.get("/:tenant/v2.0/.well-known/openid-configuration", endpoint(openidConfiguration));
  app.get("/:tenant/.well-known/openid-configuration", endpoint(openidConfiguration));
  app.get("/:tenant/discovery/v2.0/keys", endpoint(keys));
  app.on(["GET", "POST"], "/:tenant/oauth2/v2.0/authorize", endpoint(authorize));
  app.get("/common/oauth2/deviceauth", deviceSignIn);
  app.post("/common/oauth2/deviceauth", endpoint(typeDeviceCode));
  app.post("/common/oauth2/deviceauth/confirm", endpoint(confirmDevice));
  app.post("/:tenant/select-account", endpoint(selectAccount));
  app.post("/:tenant/login", endpoint(login));
  app.post("/:tenant/verify", endpoint(verify));
  app.post("/:tenant/consent", endpoint(consent));
  app.post("/:tenant/oauth2/v2.0/token", endpoint(token));
  app.post("/:tenant/oauth2/v2.0/devicecode", endpoint(deviceCode));
  app.on(["GET", "POST"], "/:tenant/oauth2/v2.0/logout", endpoint(logout));
  app.on(["GET", "POST"], "/oidc/userinfo", endpoint(userinfo));

  app.onError((error, c) => {
    const trace = c.get("trace");
    if (!(error instanceof AadstsError)) {
      // A fault of this program: its author must see it, and the client must not take it for a refusal.
      process.emitWarning(error instanceof Error ? error : String(error));
      return c.json({ error: "server_error", error_description: String(error) }, 500);
    }
    return pageEndpoints.includes(nameEndpoint(new URL(c.req.url).pathname))
      ? c.html(errorPage(describe(error, trace)), error.status, pageHeaders())
      : c.json(errorBody(error, trace, state.url), error.status);
  });
  return app;
}
