// What comes to the redirect URI comes from whoever sent the browser there: it decides neither where a secret goes, nor
// which nonce is expected, nor what stands in a header.
// proves: core/src/flows/authorization-code.ts
import { describe, expect, it } from "@jest/globals";
import {
  AzureCloudInstance,
  ConfidentialClientApplication,
  PublicClientApplication,
  type NodeAuthOptions,
} from "@tessera/node";
import { recordedNetwork, type RecordedNetwork } from "../support/recorded-network.js";

const clientId = "the-client";
const tenant = "11111111-2222-3333-4444-555555555555";
const authority = `https://login.microsoftonline.com/${tenant}`;
const scopes = ["User.Read"];
const redirectUri = "https://app.example/signed-in";
const sent = { scopes, redirectUri, code: "the-code" };
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A network on which Entra answers with an ID token of a cloud, for a nonce. */
function entra(host = "login.microsoftonline.com", nonce?: string): RecordedNetwork {
  return recordedNetwork(() => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: `https://${host}/${tenant}/v2.0`,
      sub: "s",
      aud: clientId,
      iat: now,
      exp: now + 600,
    };
    const idToken = `${base64({ alg: "RS256" })}.${base64({ ...claims, tid: tenant, nonce })}.c2ln`;
    return { body: { token_type: "Bearer", access_token: "at", expires_in: 3600, id_token: idToken } };
  });
}

function confidential(
  networkClient: RecordedNetwork,
  auth: Partial<NodeAuthOptions> = { authority },
): ConfidentialClientApplication {
  return new ConfidentialClientApplication({
    auth: { clientId, clientSecret: "the-secret", ...auth },
    system: { networkClient },
  });
}

function publicClient(networkClient: RecordedNetwork, instanceAware = true): PublicClientApplication {
  const auth = { clientId, authority, instanceAware };
  return new PublicClientApplication({ auth, system: { networkClient } });
}

const china = "login.partner.microsoftonline.cn";

describe("the cloud that a response names", () => {
  const response = { code: "the-code", cloud_instance_host_name: china };

  it("does not get the secret, code and verifier of a confidential client", async () => {
    const network = entra();
    await confidential(network).acquireTokenByCode(sent, response);
    expect(network.lines()).toEqual([`POST ${authority}/oauth2/v2.0/token`]);
  });

  it("does not get them in a flow either", async () => {
    const network = entra();
    const app = confidential(network);
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri });
    const redeemed = app.acquireTokenByAuthCodeFlow(flow, { ...response, state: flow.state });
    await expect(redeemed).rejects.toMatchObject({ errorCode: "nonce_mismatch" });
    expect(network.lines()).toEqual([`POST ${authority}/oauth2/v2.0/token`]);
  });

  it("gets the code of a public client, which sends no secret", async () => {
    const network = entra(china);
    await publicClient(network).acquireTokenByCode(sent, response);
    expect(network.lines()).toEqual([`POST https://${china}/${tenant}/oauth2/v2.0/token`]);
  });

  it("does not get it unless the app is instance-aware", async () => {
    const network = entra();
    await publicClient(network, false).acquireTokenByCode(sent, response);
    expect(network.lines()).toEqual([`POST ${authority}/oauth2/v2.0/token`]);
  });

  it.each([[[china]], [{ host: china }], [5]])("is a text or nothing: %j", async (host) => {
    const network = entra();
    const odd = { ...response, cloud_instance_host_name: host } as never;
    await publicClient(network).acquireTokenByCode(sent, odd);
    expect(network.lines()).toEqual([`POST ${authority}/oauth2/v2.0/token`]);
  });
});

describe.each([
  ["confidential", confidential],
  ["public", (network: RecordedNetwork) => publicClient(network)],
] as const)("a %s client", (_, application) => {
  it("does not take the nonce it expects from the response", async () => {
    const app = application(entra(undefined, "the-attackers"));
    const redeemed = app.acquireTokenByCode(sent, { code: "the-code", nonce: "the-attackers" });
    await expect(redeemed).rejects.toMatchObject({ errorCode: "nonce_mismatch" });
  });

  it("compares the nonce with that of the request, whatever the response says", async () => {
    const app = application(entra(undefined, "mine"));
    const redeemed = app.acquireTokenByCode({ ...sent, nonce: "mine" }, { code: "the-code", nonce: "other" });
    expect((await redeemed).idTokenClaims).toMatchObject({ nonce: "mine" });
  });

  it.each([["the-state"], { state: "the-state" }, 5, [115], undefined, null, ""])(
    "refuses the state %j, which is not the text that was sent",
    async (state) => {
      const network = entra();
      const response = { code: "the-code", state } as never;
      for (const mine of ["the-state", "s"]) {
        const redeemed = application(network).acquireTokenByCode({ ...sent, state: mine }, response);
        await expect(redeemed).rejects.toMatchObject({
          name: "ClientAuthError",
          errorCode: "state_mismatch",
        });
      }
      expect(network.requests).toEqual([]);
    },
  );

  it("sends no X-AnchorMailbox for client_info of the response", async () => {
    const network = entra();
    const client_info = base64({ uid: "u", utid: "t" });
    await application(network).acquireTokenByCode(sent, { code: "the-code", client_info });
    expect(network.requests[0]?.headers).not.toHaveProperty("X-AnchorMailbox");
  });

  it.each([
    ["u", "t", "Oid:u@t"],
    [`${tenant}-b2c_1_signin`, tenant, `Oid:${tenant}-b2c_1_signin@${tenant}`],
    ["u\r\nX-Evil: 1", "t", undefined],
    ["u", "t\nX-Evil: 1", undefined],
    ["ü", "t", undefined],
    ["u\0", "t", undefined],
  ])("client_info of the request for %j at %j: X-AnchorMailbox %j", async (uid, utid, expected) => {
    const network = entra();
    await application(network).acquireTokenByCode({ ...sent, clientInfo: base64({ uid, utid }) });
    expect(network.requests[0]?.headers["X-AnchorMailbox"]).toBe(expected);
  });
});

describe("a flow ends at the authority it began at", () => {
  const { AzurePublic, AzureUsGovernment } = AzureCloudInstance;
  const government = { azureCloudInstance: AzureUsGovernment, tenant };
  it.each<[string, Partial<NodeAuthOptions>, object, string]>([
    [
      "the cloud of the request, the configuration names another",
      { azureCloudOptions: { azureCloudInstance: AzurePublic, tenant } },
      { azureCloudOptions: government },
      "login.microsoftonline.us",
    ],
    [
      "the cloud of the request",
      { authority },
      { azureCloudOptions: government },
      "login.microsoftonline.us",
    ],
    ["the cloud of the configuration", { azureCloudOptions: government }, {}, "login.microsoftonline.us"],
    [
      "the authority of the request",
      { authority },
      { authority: `https://login.microsoftonline.us/${tenant}` },
      "login.microsoftonline.us",
    ],
    ["its own", { authority }, {}, "login.microsoftonline.com"],
  ])("%s", async (_, auth, request, host) => {
    const network = entra();
    const app = confidential(network, auth);
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, ...request });
    expect([flow.authUrl, flow.authority].map((url) => new URL(url).host)).toEqual([host, host]);
    const redeemed = app.acquireTokenByAuthCodeFlow(flow, { code: "the-code", state: flow.state });
    // The ID token knows no nonce, and perhaps comes from elsewhere: here it is the request that counts.
    await expect(redeemed).rejects.toMatchObject({ name: "ClientAuthError" });
    expect(network.lines()).toEqual([`POST https://${host}/${tenant}/oauth2/v2.0/token`]);
  });
});
