import { readClaims } from "../tokens/claims-parameter.js";
import { admitDescribedClient } from "../clients/described-client.js";
import { dialectOf } from "../dialects/dialects.js";
import { answerJson, requestedAuthority, type RequestContext } from "../http/request-context.js";
import type { AuthorityState } from "../state.js";

/**
 * The device authorization endpoint (RFC 8628 §3.1, §3.2): issues a device code and a user code.
 *
 * @throws {AadstsError} 90002, 900144, 700016, 50194 and those of the dialect and of `readClaims`
 */
export async function deviceCode(c: RequestContext, state: AuthorityState): Promise<Response> {
  const { directory, url, config } = state;
  const at = requestedAuthority(c, directory);
  const { client_id: clientId, scope, resource, claims } = c.get("form");
  await admitDescribedClient(state, at, clientId, true);
  const app = directory.findApp(clientId, at);
  const scopes = dialectOf(at).readScopes({ at, app, scope, resource, directory });
  readClaims(claims);
  const { deviceCode, userCode } = state.deviceCodes.issue({
    app,
    at,
    scope: scope ?? "openid",
    resource,
    scopes,
    claims,
  });
  const verificationUri = `${url}/${at.kind === "adfs" ? "adfs" : "common"}/oauth2/deviceauth`;
  const { completeUri, interval, lifetime } = config.deviceCode;
  c.header("Cache-Control", "no-store");
  return answerJson(c, {
    user_code: userCode,
    device_code: deviceCode,
    verification_uri: verificationUri,
    ...(completeUri ? { verification_uri_complete: `${verificationUri}?user_code=${userCode}` } : {}),
    expires_in: lifetime,
    interval,
    message: `To sign in, use a web browser to open the page ${verificationUri} and enter the code ${userCode} to authenticate.`,
  });
}
