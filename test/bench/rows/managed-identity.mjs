// A token of the host's managed identity from the cache.
import { measure } from "../measure.mjs";
import { faster } from "../table.mjs";

const request = { resource: "https://vault.azure.net" };

/** The endpoint of an App Service, without a network. */
const networkClient = {
  sendGetRequestAsync: async () => ({
    status: 200,
    headers: {},
    body: {
      access_token: "t".repeat(1500),
      expires_on: String(Math.floor(Date.now() / 1000) + 86_400),
      resource: request.resource,
      token_type: "Bearer",
    },
  }),
  sendPostRequestAsync: () => Promise.reject(new Error("App Service is sent no POST")),
};

export async function run({ tessera, peer, seconds }) {
  process.env["IDENTITY_ENDPOINT"] = "http://localhost/msi/token";
  process.env["IDENTITY_HEADER"] = "a-secret";
  const appWith = async ({ ManagedIdentityApplication }) => {
    const app = new ManagedIdentityApplication({ system: { networkClient } });
    await app.acquireToken(request);
    return app;
  };
  const [app, peersApp] = [await appWith(tessera), await appWith(peer)];
  const cached = await measure(
    { tessera: () => app.acquireToken(request), peer: () => peersApp.acquireToken(request) },
    { seconds },
  );
  return [
    faster("cached managed identity token", {
      tessera: cached.tessera.median,
      other: cached.peer.median,
      wanted: { least: 20 },
    }),
  ];
}
