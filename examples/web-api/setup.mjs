// @ts-check
// Where the API's tokens come from: Microsoft Entra, or a local authority beside a second API.
import { once } from "node:events";
import { createServer } from "node:http";
import { createApiGuard } from "@tessera/web";

export const setup = process.env.CLIENT_ID ? fromEnvironment() : await withLocalAuthority();

function fromEnvironment() {
  const { TENANT = "", CLIENT_ID = "", CLIENT_SECRET, SCOPE = "User.Read", DOWNSTREAM } = process.env;
  const authority = `https://login.microsoftonline.com/${TENANT}`;
  return {
    configuration: {
      auth: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authority },
      system: undefined,
    },
    audience: [CLIENT_ID, `api://${CLIENT_ID}`],
    scopes: ["access"],
    downstream: { scopes: [SCOPE], url: DOWNSTREAM ?? "https://graph.microsoft.com/v1.0/me" },
    userToken: undefined,
    tokenRequests: () => 0,
    stop: async () => {},
  };
}

async function withLocalAuthority() {
  const { startLocalAuthority } = await import("@tessera/local-authority");
  const apps = [
    { clientId: "orders", name: "Orders", identifierUri: "api://orders", clientSecret: "orders-secret" },
    { clientId: "payments", name: "Payments", identifierUri: "api://payments" },
  ];
  const authority = await startLocalAuthority({ http: true, tenants: [{ domain: "contoso.example", apps }] });
  const [tenant] = authority.config.tenants;
  const payments = await startPayments(authority.authorityUrl());
  return {
    configuration: {
      auth: { clientId: "orders", clientSecret: "orders-secret", authority: authority.authorityUrl() },
      system: { proxy: /** @type {const} */ (false) },
    },
    audience: ["api://orders", "orders"],
    scopes: ["access"],
    downstream: { scopes: ["api://payments/Pay"], url: payments.url },
    /** What a front end would get by a sign-in. The password grant serves here because nobody sits at the screen. */
    userToken: async () => {
      const desktop = tenant?.apps.find(({ name }) => name.endsWith("Desktop"));
      const { username = "", password = "" } = tenant?.users[0] ?? {};
      const form = { client_id: desktop?.clientId ?? "", username, password, scope: "api://orders/access" };
      const response = await fetch(`${authority.authorityUrl()}/oauth2/v2.0/token`, {
        method: "POST",
        body: new URLSearchParams({ grant_type: "password", ...form }),
      });
      return /** @type {{ access_token: string }} */ (await response.json()).access_token;
    },
    tokenRequests: () => authority.requests.filter(({ endpoint }) => endpoint === "token").length,
    stop: async () => {
      await payments.close();
      await authority.close();
    },
  };
}

/**
 * The other API: it takes tokens for itself only, and tells whose they are and who brought them.
 *
 * @param {string} authority
 */
async function startPayments(authority) {
  const payments = createServer((incoming, outgoing) => {
    guard.express({ scopes: ["Pay"] })(incoming, outgoing, (error) => {
      const { caller } = /** @type {{ caller?: import("@tessera/web").Caller }} */ (
        /** @type {unknown} */ (incoming)
      );
      if (error) console.error(error);
      outgoing.end(JSON.stringify({ user: caller?.claims["name"], calledBy: caller?.clientId }));
    });
  });
  payments.listen(0, "localhost");
  await once(payments, "listening");
  const address = payments.address();
  const url = `http://localhost:${typeof address === "object" ? address?.port : ""}/`;
  const guard = createApiGuard({ baseUrl: url, authority, audience: "payments", system: { proxy: false } });
  return {
    url,
    close: async () => {
      payments.close();
      payments.closeAllConnections();
    },
  };
}
