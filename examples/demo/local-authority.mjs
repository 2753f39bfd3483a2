// @ts-check
import { startLocalAuthority } from "@tessera/local-authority";

/** What the authority's endpoints are for, as far as a client library asks for them. The rest is the browser's. */
const PURPOSES = { "openid-configuration": "discovery", token: "token", keys: "keys" };

/**
 * Tessera's local authority: Entra's protocol on a free port of this machine, with tenants, apps and users to try.
 *
 * @param {{ readonly http: boolean }} options plain HTTP, for a browser that would warn of an unknown certificate
 * @returns {Promise<import("./demo.mjs").Provider>}
 */
export async function startEntra({ http }) {
  const authority = await startLocalAuthority({ http });
  const [tenant] = authority.config.tenants;
  const apps = tenant?.apps ?? [];
  const daemon = apps.find(({ clientSecret }) => clientSecret !== undefined);
  const desktop = apps.find(({ clientSecret }) => clientSecret === undefined);
  const user = tenant?.users[0];
  if (!daemon || !desktop || !user) throw new Error("the local authority has no app or no user to try");

  const authorityUrl = authority.authorityUrl();
  return {
    name: "local authority, which speaks Entra's protocol",
    url: authority.url,
    ca: authority.caPem,
    daemon: {
      auth: { clientId: daemon.clientId, clientSecret: daemon.clientSecret, authority: authorityUrl },
      scopes: ["https://graph.microsoft.com/.default"],
      otherScopes: ["https://vault.example/.default"],
    },
    desktop: { auth: { clientId: desktop.clientId, authority: authorityUrl }, scopes: ["User.Read"] },
    user,
    get requests() {
      return authority.requests.flatMap(({ endpoint }) => PURPOSES[/** @type {"token"} */ (endpoint)] ?? []);
    },
    advanceClock: authority.advanceClock,
    close: authority.close,
  };
}
