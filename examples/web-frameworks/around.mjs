// @ts-check
// What the website finds around it: the registrations at the authority, and two other APIs.
import { once } from "node:events";
import { createServer } from "node:http";
import { createApiGuard } from "@tessera/web";

export const authorityOptions = {
  tenants: [
    {
      domain: "contoso.example",
      apps: [
        { clientId: "orders", name: "Orders", identifierUri: "api://orders", clientSecret: "orders-secret" },
        { clientId: "payments", name: "Payments", identifierUri: "api://payments" },
        { clientId: "vault", name: "Vault", identifierUri: "api://vault" },
      ],
    },
  ],
  // For the vault, users have to prove more than their password.
  conditionalAccess: [{ resource: "api://vault" }],
};

/**
 * Starts the other APIs: they take tokens for themselves only, and tell whose token it is and who has brought it.
 *
 * @param {string} authority
 * @param {import("@tessera/node").NodeSystemOptions} system
 */
export async function startDownstream(authority, system) {
  const server = createServer((incoming, outgoing) => {
    const guard = incoming.url === "/vault" ? guards.vault : guards.payments;
    guard.express()(incoming, outgoing, (error) => {
      const { caller } = /** @type {{ caller?: import("@tessera/web").Caller }} */ (
        /** @type {unknown} */ (incoming)
      );
      if (error) console.error(error);
      outgoing.end(`${incoming.url?.slice(1)} of ${caller?.claims["name"]}, by way of ${caller?.clientId}`);
    });
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  const address = server.address();
  const baseUrl = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
  const guards = {
    payments: createApiGuard({ baseUrl, authority, audience: "payments", system, scopes: ["Pay"] }),
    vault: createApiGuard({ baseUrl, authority, audience: "vault", system, scopes: ["Open"] }),
  };
  return {
    downstream: {
      payments: { scopes: ["api://payments/Pay"], url: `${baseUrl}/payments` },
      vault: { scopes: ["api://vault/Open"], url: `${baseUrl}/vault` },
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
