// The hosts that prove their apps by files: the challenge of Azure Arc, and the service account token of a pod.
// proves: local-authority/src/emulator/azure-arc.ts, local-authority/src/emulator/challenge-files.ts,
// local-authority/src/emulator/kubernetes.ts, local-authority/src/emulator/temporary-folder.ts
import { WorkloadIdentityCredential } from "@azure/identity";
import { ConfidentialClientApplication } from "@azure/msal-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type EmulatedHost,
  type LocalAuthority,
  type ManagedIdentity,
} from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { accessSync, constants, existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startPod } from "../../packages/local-authority/src/emulator/kubernetes.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { azureIdentityClient } from "./azure-identity.js";
import { inHost, managedIdentity } from "./emulated-clients.js";
import { post } from "./requests.js";
import { describeWith } from "../support/real-part.js";

const resource = "https://vault.azure.net";
const graph = "https://graph.microsoft.com/.default";

let authority: LocalAuthority;
let network: PeerNetwork;
let folder: string;
let system: ManagedIdentity;
let assigned: ManagedIdentity;
beforeAll(async () => {
  authority = await startLocalAuthority();
  network = peerNetwork(authority.caPem);
  folder = await mkdtemp(join(tmpdir(), "emulated-files-"));
  [system, assigned] = authority.config.managedIdentities as [ManagedIdentity, ManagedIdentity];
});
beforeEach(() => authority.clearRequests());
afterAll(async () => {
  await network.close();
  await authority.close();
  await rm(folder, { recursive: true });
});

/** Where msal-node accepts the files of Azure Arc, and whether this user may write there. */
const agentFolder = "/var/opt/azcmagent/tokens";
const mayWrite = (() => {
  if (process.platform !== "linux") return false;
  let existing = agentFolder;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
    return true;
  } catch {
    return false;
  }
})();

describe("arc", () => {
  describeWith(
    "the folder of the agent, msal-node reads the challenge file and gets a token",
    mayWrite,
    () => {
      let host: EmulatedHost;
      beforeAll(async () => {
        host = await authority.emulate("arc");
      });
      afterAll(() => host.close());

      it.each([
        ["the system-assigned identity", () => ({}), () => system],
        ["a client ID", () => ({ userAssignedClientId: assigned.clientId }), () => assigned],
        ["an object ID", () => ({ userAssignedObjectId: assigned.objectId }), () => assigned],
        ["a resource ID", () => ({ userAssignedResourceId: assigned.resourceId }), () => assigned],
      ])("of %s", async (_, ids, identity) => {
        const [result, source] = await inHost(host, async () => {
          const app = managedIdentity({ managedIdentityIdParams: ids() });
          return [await app.acquireToken({ resource }), app.getManagedIdentitySource()] as const;
        });
        expect(source).toBe("AzureArc");
        expect(decodeJwt(result.accessToken)).toMatchObject({ oid: identity().objectId, aud: resource });
        expect(authority.requests.map(({ status }) => status)).toEqual([401, 200]);
        const [, { headers } = { headers: {} }] = authority.requests;
        expect((headers as Record<string, string>)["authorization"]).toMatch(/^Basic [\w-]{43}$/);
      });

      it("of no identity that the host does not have", async () => {
        const app = () =>
          managedIdentity({
            managedIdentityIdParams: { userAssignedClientId: "nobody" },
            system: { disableInternalRetries: true },
          });
        await expect(inHost(host, () => app().acquireToken({ resource }))).rejects.toMatchObject({
          errorMessage: expect.stringContaining("Identity not found"),
        });
        expect(authority.requests.map(({ status }) => status)).toEqual([401, 404]);
      });
    },
  );

  const ask = async (host: EmulatedHost, headers: Record<string, string>, query = `resource=${resource}`) => {
    const url = `${host.environment["IDENTITY_ENDPOINT"] ?? ""}?api-version=2020-06-01&${query}`;
    const response = await fetch(url, { headers });
    const realm = response.headers.get("www-authenticate")?.replace("Basic realm=", "") ?? "";
    return { status: response.status, realm, json: (await response.json()) as Record<string, unknown> };
  };
  const metadata = { Metadata: "true" };

  // parity: Managed identities | Azure Arc, with its challenge file | entra same
  it("accepts the content of a file once, which only the owner can read, and deletes the file", async () => {
    const tokensDirectory = join(folder, "once", "tokens");
    const host = await authority.emulate("arc", { tokensDirectory });
    const { status, realm, json } = await ask(host, metadata);
    expect([status, json["error"], dirname(realm)]).toEqual([401, "unauthorized_client", tokensDirectory]);
    expect((await stat(realm)).mode & 0o777).toBe(0o600);
    const authorization = `Basic ${await readFile(realm, "utf8")}`;
    const answer = await ask(host, { ...metadata, authorization });
    expect(answer).toMatchObject({ status: 200, json: { client_id: system.clientId, token_type: "Bearer" } });
    expect(existsSync(realm)).toBe(false);
    const again = await ask(host, { ...metadata, authorization });
    expect(again).toMatchObject({ status: 401, realm: expect.stringMatching(/\.key$/) });
    // What did not exist before is deleted at the end.
    await host.close();
    expect(existsSync(join(folder, "once"))).toBe(false);
  });

  it("refuses requests without its header, a resource or a version, before any challenge", async () => {
    const host = await authority.emulate("arc", { tokensDirectory: join(folder, "refusals") });
    expect(await ask(host, {})).toMatchObject({ status: 400, json: { error: "bad_request_102" }, realm: "" });
    expect(await ask(host, metadata, "")).toMatchObject({ status: 400, json: { error: "invalid_request" } });
    const unversioned = await fetch(host.environment["IDENTITY_ENDPOINT"] ?? "", { headers: metadata });
    expect(unversioned.status).toBe(400);
    await host.close();
  });

  it("keeps a hundred unanswered challenges, and the folder if it was there before", async () => {
    const host = await authority.emulate("arc", { tokensDirectory: folder });
    for (let i = 0; i < 105; i += 1) await ask(host, metadata);
    expect((await readdir(folder)).filter((file) => file.endsWith(".key"))).toHaveLength(100);
    await host.close();
    expect((await readdir(folder)).filter((file) => file.endsWith(".key"))).toEqual([]);
  });

  it("says what to do when the files cannot be written", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const error: unknown = await authority
      .emulate("arc", { tokensDirectory: join(file, "tokens") })
      .catch((e) => e);
    expect(error).toMatchObject({ name: "LocalAuthorityConfigurationError", field: "tokensDirectory" });
    expect((error as Error).message).toMatch(/ENOTDIR.*no other folder.*sudo mkdir -p/);
  });
});

describe("aks", () => {
  const tokenOf = (host: EmulatedHost) =>
    readFile(host.environment["AZURE_FEDERATED_TOKEN_FILE"] ?? "", "utf8");
  const exchange = (clientId: string | undefined, assertion: string) =>
    post(authority, `/${assigned.tenantId}/oauth2/v2.0/token`, {
      grant_type: "client_credentials",
      client_id: clientId,
      client_assertion: assertion,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      scope: graph,
    });

  // parity: Managed identities | Workload identity in a cluster | entra same
  it("gives WorkloadIdentityCredential and msal-node tokens of the user-assigned identity", async () => {
    const host = await authority.emulate("aks");
    const [credential, peer] = await inHost(host, async () => {
      const httpClient = azureIdentityClient(authority.caPem);
      const options = { httpClient, disableInstanceDiscovery: true };
      const app = new ConfidentialClientApplication({
        auth: {
          clientId: host.environment["AZURE_CLIENT_ID"] ?? "",
          clientAssertion: () => tokenOf(host),
          authority: `${host.environment["AZURE_AUTHORITY_HOST"] ?? ""}${host.environment["AZURE_TENANT_ID"] ?? ""}`,
          knownAuthorities: [new URL(host.url).host],
        },
        system: { networkClient: network },
      });
      return [
        await new WorkloadIdentityCredential(options).getToken(graph),
        await app.acquireTokenByClientCredential({ scopes: [graph] }),
      ] as const;
    });
    for (const token of [credential.token, peer?.accessToken ?? ""]) {
      expect(decodeJwt(token)).toMatchObject({
        appid: assigned.clientId,
        azpacr: "2",
        oid: assigned.objectId,
        xms_mirid: assigned.resourceId,
      });
    }
    expect(decodeJwt(await tokenOf(host))).toMatchObject({
      aud: ["api://AzureADTokenExchange"],
      sub: "system:serviceaccount:default:workload",
    });
    await host.close();
  });

  it("trusts the token for the identity of its pod, until it is closed", async () => {
    const [web] = authority.config.tenants[0]?.apps ?? [];
    const host = await authority.emulate("aks", { clientId: web?.clientId });
    const file = host.environment["AZURE_FEDERATED_TOKEN_FILE"] ?? "";
    const token = await tokenOf(host);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await exchange(web?.clientId, token)).status).toBe(200);
    expect((await exchange(assigned.clientId, token)).json["error_codes"]).toEqual([70021]);
    await host.close();
    expect(existsSync(dirname(file))).toBe(false);
    expect((await exchange(web?.clientId, token)).json["error_codes"]).toEqual([70021]);
  });

  it("renews the token when most of its hour has passed", async () => {
    let now = 1_800_000_000;
    const added: unknown[] = [];
    const state = {
      url: "https://localhost:1",
      config: { managedIdentities: [assigned] },
      clock: { seconds: () => now },
      directory: { addFederatedCredential: (...credential: unknown[]) => added.push(credential) },
    };
    const pod = await startPod(state as unknown as Parameters<typeof startPod>[0], {}, folder);
    const expiry = async () => decodeJwt(await readFile(join(folder, "azure-identity-token"), "utf8")).exp;
    expect(await expiry()).toBe(now + 3600);
    now += 2879;
    await pod.renew();
    expect(await expiry()).toBe(now - 2879 + 3600);
    now += 1;
    await pod.renew();
    expect(await expiry()).toBe(now + 3600);
  });

  it("does not accept an identity without a service account token, nor with a secret", async () => {
    const { json } = await post(authority, `/${assigned.tenantId}/oauth2/v2.0/token`, {
      grant_type: "client_credentials",
      client_id: assigned.clientId,
      scope: graph,
    });
    expect(json["error_codes"]).toEqual([7000218]);
    const secret = await post(authority, `/${assigned.tenantId}/oauth2/v2.0/token`, {
      grant_type: "client_credentials",
      client_id: assigned.clientId,
      client_secret: "secret",
      scope: graph,
    });
    expect(secret.json["error_codes"]).toEqual([7000215]);
  });

  it("needs an identity", async () => {
    const own = await startLocalAuthority({ http: true, managedIdentities: [] });
    await expect(own.emulate("aks")).rejects.toMatchObject({ field: "clientId" });
    await own.close();
  });
});

it("a managed identity is the credential of an app that trusts it", async () => {
  const { tenantId, objectId } = assigned;
  const own = await startLocalAuthority({
    tenants: [{ id: tenantId, apps: [{ clientId: "app", federatedCredentials: [{ subject: objectId }] }] }],
  });
  const host = await own.emulate("imds");
  const ids = { userAssignedClientId: assigned.clientId };
  const { accessToken } = await inHost(host, () =>
    managedIdentity({ managedIdentityIdParams: ids }).acquireToken({
      resource: "api://AzureADTokenExchange",
    }),
  );
  const { status, json } = await post(own, `/${tenantId}/oauth2/v2.0/token`, {
    grant_type: "client_credentials",
    client_id: "app",
    client_assertion: accessToken,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    scope: graph,
  });
  expect(status).toBe(200);
  expect(decodeJwt(String(json["access_token"]))).toMatchObject({ azp: "app" });
  await own.close();
});
