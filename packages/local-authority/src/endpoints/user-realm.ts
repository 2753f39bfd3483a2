import { cloudAudience } from "../federation/audience.js";
import type { RequestContext } from "../http/request-context.js";
import type { AuthorityState } from "../state.js";

/**
 * Home realm discovery: where a user's password is verified. Returns the `api-version=1.0` document that MSAL
 * requests.
 */
export function userRealm(c: RequestContext, state: AuthorityState): Response {
  const { url, directory } = state;
  const realm = directory.realmOf(c.req.param("username") ?? "");
  const cloud = { cloud_instance_name: new URL(url).host, cloud_audience_urn: cloudAudience };
  if (realm === undefined) return c.json({ ver: "1.0", account_type: "Unknown", ...cloud });
  const { domain, federation } = realm;
  if (federation === undefined) {
    return c.json({ ver: "1.0", account_type: "Managed", domain_name: domain, ...cloud });
  }
  return c.json({
    ver: "1.0",
    account_type: "Federated",
    domain_name: domain,
    federation_protocol: "WSTrust",
    federation_metadata_url: `${url}/adfs/services/trust/mex`,
    federation_active_auth_url: `${url}/adfs/services/trust/2005/usernamemixed`,
    ...cloud,
  });
}
