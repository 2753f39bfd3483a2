// A token of a managed identity from the cache, on a host such as App Service.
import { measure } from "../measure.mjs";
import { faster } from "../table.mjs";

const resource = "https://vault.azure.net";

/** Answers as the endpoint of the host. */
const network = {
  sendGetRequestAsync: async () => ({
    status: 200,
    headers: {},
    body: {
      access_token: "a token of the benchmark",
      expires_on: String(Math.floor(Date.now() / 1000) + 86_400),
      resource,
      token_type: "Bearer",
    },
  }),
  sendPostRequestAsync: (url) => Promise.reject(new Error(`not in the cache: POST ${url}`)),
};

export async function run({ tessera, peer, seconds }) {
  const host = {
    IDENTITY_ENDPOINT: "http://127.0.0.1:1/msi/token",
    IDENTITY_HEADER: "a header of the benchmark",
  };
  Object.assign(process.env, host);
  const appOf = async ({ ManagedIdentityApplication }) => {
    const app = new ManagedIdentityApplication({ system: { networkClient: network } });
    await app.acquireToken({ resource });
    return app;
  };
  const [own, others] = [await appOf(tessera), await appOf(peer)];
  const found = await measure(
    { tessera: () => own.acquireToken({ resource }), peer: () => others.acquireToken({ resource }) },
    { seconds },
  );
  for (const name of Object.keys(host)) delete process.env[name];
  return [
    faster("cached managed-identity token", {
      tessera: found.tessera.median,
      other: found.peer.median,
      wanted: { least: 20 },
    }),
  ];
}
