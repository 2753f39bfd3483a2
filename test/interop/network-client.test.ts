// What an app's own network client is told (`system.networkClient`).
// proves: core/src/http/http-client.ts, node/src/http/network-client.ts
import * as peer from "@azure/msal-node";
import { expect, test } from "@jest/globals";
import * as tessera from "@tessera/node";

const correlationId = "b4a4a4a4-0000-4000-8000-000000000001";
const auth = {
  clientId: "b4a4a4a4-0000-4000-8000-0000000000a1",
  clientSecret: "secret",
  authority: "https://login.microsoftonline.com/b4a4a4a4-0000-4000-8000-0000000000f1",
};

test.each([
  ["msal-node", peer],
  ["Tessera", tessera],
] as const)("%s tells it the correlation id of the call", async (_, library) => {
  const told: unknown[] = [];
  const networkClient: peer.INetworkModule = {
    sendGetRequestAsync: (url) => Promise.reject(new Error(`GET ${url}`)),
    sendPostRequestAsync: async <T>(_url: string, options?: peer.NetworkRequestOptions) => {
      told.push(options?.correlationId);
      return {
        headers: {},
        status: 200,
        body: { token_type: "Bearer", access_token: "t", expires_in: 3600 } as T,
      };
    },
  };
  const app = new library.ConfidentialClientApplication({ auth, system: { networkClient } });
  await app.acquireTokenByClientCredential({
    scopes: ["https://graph.microsoft.com/.default"],
    correlationId,
  });
  expect(told).toEqual([correlationId]);
});
