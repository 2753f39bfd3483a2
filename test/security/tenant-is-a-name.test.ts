// proves: core/src/authority/tenant-name.ts, core/src/authority/authority-url.ts
// A tenant that becomes part of a URL is a plain name: it names no other host, path or query.
import * as peer from "@azure/msal-node";
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { recordedNetwork } from "../support/recorded-network.js";
import { worldNetwork } from "../support/world-network.js";

const clientId = "the-client";
const clientSecret = "the-secret";
const scopes = ["https://graph.microsoft.com/.default"];
const cloud = "https://login.microsoftonline.com/contoso.example";

describe("a tenant carries nothing into a URL but a name", () => {
  const carriers = [
    "evil.example/adfs",
    "evil.example\\adfs",
    "a/../b",
    "..",
    ".",
    "@evil.example",
    "t?x=",
    "t#",
    "t%2Fb",
    "%2e%2e",
    "t\n",
    "t\0",
    "t\u0085b",
    "a b",
    "t:1",
    "https://evil.example",
  ];
  const noNetwork = () => recordedNetwork(() => undefined);
  const application = (networkClient: tessera.INetworkModule, auth: Partial<tessera.NodeAuthOptions> = {}) =>
    new tessera.ConfidentialClientApplication({
      auth: { clientId, clientSecret, authority: cloud, ...auth },
      system: { networkClient },
    });
  const azure = (tenant: string) => ({ azureCloudInstance: tessera.AzureCloudInstance.AzurePublic, tenant });

  it.each<[string, (network: tessera.INetworkModule, tenant: string) => Promise<unknown>]>([
    [
      "tenantId",
      (network, tenantId) => application(network).acquireTokenByClientCredential({ scopes, tenantId }),
    ],
    [
      "tenantId of an Azure SDK",
      (network, tenantId) => tessera.tokenCredential(application(network)).getToken(scopes, { tenantId }),
    ],
    [
      "azureCloudOptions of the request",
      (network, tenant) =>
        application(network).acquireTokenByClientCredential({ scopes, azureCloudOptions: azure(tenant) }),
    ],
    [
      "azureCloudOptions of the configuration",
      async (network, tenant) =>
        application(network, { azureCloudOptions: azure(tenant) }).acquireTokenByClientCredential({ scopes }),
    ],
  ])("%s", async (field, act) => {
    for (const tenant of carriers) {
      const network = noNetwork();
      const error: unknown = await Promise.resolve()
        .then(() => act(network, tenant))
        .catch((reason: unknown) => reason);
      expect([tenant, error]).toEqual([
        tenant,
        expect.objectContaining({ name: "ClientConfigurationError", errorCode: "invalid_option" }),
      ]);
      expect((error as Error).message).not.toMatch(/\p{Cc}/u);
      expect([field, tenant, network.lines()]).toEqual([field, tenant, []]);
    }
  });

  it.each(["contoso.example", "Contoso.onmicrosoft.com", "5f6f5ee1-6e21-4a5d-8ba8-3a5c3b5b4b5a", "t_1-x"])(
    "the tenant %s is one",
    async (tenantId) => {
      const network = worldNetwork();
      await application(network).acquireTokenByClientCredential({ scopes, tenantId });
      expect(network.lines()).toEqual([
        `POST https://login.microsoftonline.com/${tenantId.toLowerCase()}/oauth2/v2.0/token`,
      ]);
    },
  );

  it("tenantId comes before the tenant of the configuration's cloud", async () => {
    const network = worldNetwork();
    const auth = {
      azureCloudOptions: {
        azureCloudInstance: tessera.AzureCloudInstance.AzureUsGovernment,
        tenant: "a.example",
      },
    };
    await application(network, auth).acquireTokenByClientCredential({ scopes, tenantId: "b.example" });
    expect(network.lines()).toEqual(["POST https://login.microsoftonline.us/b.example/oauth2/v2.0/token"]);
  });

  it("the peer sends the secret to a path that a tenant has made", async () => {
    const azureCloudOptions = {
      azureCloudInstance: tessera.AzureCloudInstance.AzureUsGovernment,
      tenant: "../x",
    };
    const networkClient = worldNetwork();
    const app = new peer.ConfidentialClientApplication({
      auth: { clientId, clientSecret, authority: cloud },
      system: { networkClient },
    });
    const request = { scopes, azureCloudOptions } as never;
    await app.acquireTokenByClientCredential(request).catch(() => undefined);
    expect(networkClient.lines()).toEqual(["POST https://login.microsoftonline.us/../oauth2/v2.0/token"]);
  });
});
