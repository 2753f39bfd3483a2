// @ts-check
// An agent that acts as itself and as a user (Entra Agent ID), through the application of its blueprint.
//
//   node agent.mjs                  against a local authority that it starts itself
//
//   TENANT=… CLIENT_ID=… CLIENT_SECRET=… AGENT_ID=… AGENT_USER=… node agent.mjs
//                                   against Microsoft Entra: the blueprint, one of its agents, and the agent's user
import { AuthError, ConfidentialClientApplication } from "@tessera/node";

const { TENANT, CLIENT_ID, CLIENT_SECRET } = process.env;

const { configuration, agents, username, stop } = CLIENT_ID ? fromEnvironment() : await withLocalAuthority();
try {
  // One application object serves every agent of the blueprint, and every user.
  const app = new ConfidentialClientApplication(configuration);
  const asItself = { scopes: ["https://graph.microsoft.com/.default"] };
  const asUser = { scopes: ["https://graph.microsoft.com/User.Read"], user: { username } };
  for (const agentId of agents) {
    for (const request of [asItself, asUser, asUser]) {
      const { account, fromCache } = await app.acquireTokenForAgent({ agentId, ...request });
      const source = fromCache ? "from the cache" : "from the identity provider";
      console.log(`agent ${agentId} as ${account?.username ?? "itself"}: a token ${source}`);
    }
  }
  console.log(`accounts of the application: ${(await app.getAllAccounts()).length}`);
} catch (error) {
  if (!(error instanceof AuthError)) throw error;
  console.error(`No token (${error.errorCode}, leg: ${error.agentLeg ?? "none"}): ${error.errorMessage}`);
  process.exitCode = 1;
} finally {
  await stop();
}

function fromEnvironment() {
  const authority = `https://login.microsoftonline.com/${TENANT ?? ""}`;
  return {
    configuration: { auth: { clientId: CLIENT_ID ?? "", clientSecret: CLIENT_SECRET, authority } },
    agents: [process.env["AGENT_ID"] ?? ""],
    username: process.env["AGENT_USER"] ?? "",
    stop: async () => {},
  };
}

async function withLocalAuthority() {
  const { fmiSubject, startLocalAuthority } = await import("@tessera/local-authority");
  const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
  const blueprint = { clientId: "b0b0b0b0-0000-4000-8000-000000000001", clientSecret: "blueprint-secret" };
  const agents = ["a0a0a0a0-0000-4000-8000-000000000001", "a0a0a0a0-0000-4000-8000-000000000002"];
  // An agent trusts the token that its blueprint requests for it.
  const trust = (/** @type {string} */ id) => [{ subject: fmiSubject(tenantId, blueprint.clientId, id) }];
  const apps = agents.map((clientId) => ({ clientId, federatedCredentials: trust(clientId) }));
  const authority = await startLocalAuthority({ tenants: [{ id: tenantId, apps: [blueprint, ...apps] }] });
  const [user] = authority.config.tenants[0]?.users ?? [];
  console.log(`local authority: ${authority.url}`);
  return {
    configuration: {
      auth: { ...blueprint, authority: authority.authorityUrl() },
      // Both ends are on this machine: its certificate is to be trusted, and no proxy is in between.
      system: { ca: authority.caPem, proxy: /** @type {const} */ (false) },
    },
    agents,
    username: user?.username ?? "",
    stop: authority.close,
  };
}
