// An app runs "in Azure" on this machine: every kind of host gives it tokens, in the way of the real one.
// proves: local-authority/src/config/resolve-managed-identities.ts, local-authority/src/emulator/app-service.ts,
// local-authority/src/emulator/asked-identity.ts, local-authority/src/emulator/cloud-shell.ts,
// local-authority/src/emulator/deployed-identity.ts, local-authority/src/emulator/emulated-host.ts,
// local-authority/src/emulator/identity-tokens.ts, local-authority/src/emulator/imds.ts,
// local-authority/src/emulator/machine-learning.ts, local-authority/src/emulator/service-fabric.ts,
// local-authority/src/emulator/start-host.ts, local-authority/src/emulator/token-fields.ts,
// local-authority/src/tokens/object-ids.ts
import { ManagedIdentityCredential } from "@azure/identity";
import { describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type HostName } from "@tessera/local-authority";
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from "jose";
import { createHash } from "node:crypto";
import { inHost, managedIdentity } from "./emulated-clients.js";
import { get } from "./requests.js";
import { assigned, authority, client, host, network, resource, system } from "./emulated-hosts.js";

describe("msal-node gets a token of the system-assigned identity", () => {
  // parity: Managed identities | Virtual machines, App Service, Service Fabric, Machine Learning and Cloud Shell | entra same
  it.each([
    ["imds", "DefaultToImds"],
    ["app-service", "AppService"],
    ["service-fabric", "ServiceFabric"],
    ["machine-learning", "MachineLearning"],
    ["cloud-shell", "CloudShell"],
  ] as const)("in %s", async (name, source) => {
    const [result, found] = await inHost(host(name), async () => {
      const app = client();
      return [await app.acquireToken({ resource }), app.getManagedIdentitySource()] as const;
    });
    expect(found).toBe(source);
    expect(result).toMatchObject({ fromCache: false, scopes: [resource], tokenType: "Bearer" });
    const { json } = await get(authority, `/${system.tenantId}/discovery/v2.0/keys`);
    const { payload } = await jwtVerify(
      result.accessToken,
      createLocalJWKSet(json as unknown as JSONWebKeySet),
      {
        issuer: authority.issuer(),
        audience: resource,
      },
    );
    expect(payload).toMatchObject({
      appid: system.clientId,
      idtyp: "app",
      oid: system.objectId,
      sub: system.objectId,
      tid: system.tenantId,
      xms_mirid: system.resourceId,
    });
    // The client rounds to seconds.
    expect(Math.abs((result.expiresOn?.getTime() ?? 0) / 1000 - (payload.exp ?? 0))).toBeLessThanOrEqual(2);
    // A day, so that the client renews it at half-life.
    expect((result.refreshOn?.getTime() ?? 0) - Date.now()).toBeGreaterThan(11 * 3_600_000);
    expect(authority.requests.filter(({ endpoint }) => endpoint === "managed-identity")).toMatchObject([
      { host: new URL(host(name).url).host, status: 200 },
    ]);
  });
});

describe("msal-node gets a token of a user-assigned identity", () => {
  it.each([
    ["imds", "client ID", () => ({ userAssignedClientId: assigned.clientId })],
    ["imds", "object ID", () => ({ userAssignedObjectId: assigned.objectId })],
    ["imds", "resource ID", () => ({ userAssignedResourceId: assigned.resourceId })],
    ["app-service", "client ID", () => ({ userAssignedClientId: assigned.clientId.toUpperCase() })],
    ["app-service", "object ID", () => ({ userAssignedObjectId: assigned.objectId })],
    ["app-service", "resource ID", () => ({ userAssignedResourceId: assigned.resourceId })],
    ["machine-learning", "client ID", () => ({ userAssignedClientId: assigned.clientId })],
  ] as const)("in %s, by %s", async (name, _, ids) => {
    const result = await inHost(host(name), () =>
      client(ids()).acquireToken({ resource: `${resource}/.default` }),
    );
    expect(decodeJwt(result.accessToken)).toMatchObject({
      oid: assigned.objectId,
      xms_mirid: assigned.resourceId,
    });
  });

  it("nowhere that does not let the caller choose", async () => {
    const ids = { userAssignedClientId: assigned.clientId };
    // Service Fabric ignores the choice, as the real one does.
    const fabric = await inHost(host("service-fabric"), () => client(ids).acquireToken({ resource }));
    expect(decodeJwt(fabric.accessToken)).toMatchObject({ oid: system.objectId });
    await expect(
      inHost(host("cloud-shell"), () => client(ids).acquireToken({ resource })),
    ).rejects.toMatchObject({
      errorCode: "unable_to_create_cloud_shell",
    });
  });
});

it("ManagedIdentityCredential gets tokens as well", async () => {
  for (const name of ["imds", "app-service", "machine-learning", "cloud-shell"] as const) {
    const token = await inHost(host(name), () =>
      new ManagedIdentityCredential().getToken(`${resource}/.default`),
    );
    expect(decodeJwt(token.token)).toMatchObject({ oid: system.objectId });
    expect(token.expiresOnTimestamp).toBeGreaterThan(Date.now());
  }
  const options = { objectId: assigned.objectId };
  const token = await inHost(host("imds"), () => new ManagedIdentityCredential(options).getToken(resource));
  expect(decodeJwt(token.token)).toMatchObject({ oid: assigned.objectId });
});

describe("a host", () => {
  const ask = (name: HostName, request: object = {}) =>
    inHost(host(name), () => client().acquireToken({ resource, ...request }));

  // parity: Managed identities | A host keeps a token until half of its lifetime has passed | entra same
  it("keeps a token until half of its life has passed, whatever its clients do", async () => {
    const first = await ask("imds", { forceRefresh: true });
    expect((await ask("imds", { forceRefresh: true })).accessToken).toBe(first.accessToken);
    authority.advanceClock(12 * 3600);
    const later = await ask("imds", { forceRefresh: true });
    authority.advanceClock(-12 * 3600);
    expect(later.accessToken).not.toBe(first.accessToken);
  });

  it("replaces a token whose hash the client sends, as Service Fabric's clients do", async () => {
    const [first, second, hash] = await inHost(host("service-fabric"), async () => {
      const app = managedIdentity({ system: { networkClient: network } });
      const before = await app.acquireToken({ resource });
      const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: "1" } } });
      const after = await app.acquireToken({ resource, claims });
      return [before, after, createHash("sha256").update(before.accessToken).digest("hex")] as const;
    });
    expect(authority.requests.at(-1)?.query).toMatchObject({ token_sha256_to_refresh: hash });
    expect(second.accessToken).not.toBe(first.accessToken);
    // The hash of another token replaces nothing.
    const again = await ask("service-fabric", { claims: '{"access_token":{"nbf":null}}' });
    expect(again.accessToken).toBe(second.accessToken);
  });

  it("puts the capabilities of the client into the token", async () => {
    const result = await inHost(host("app-service"), () =>
      managedIdentity({ clientCapabilities: ["CP1", "CP2"] }).acquireToken({ resource }),
    );
    expect(decodeJwt(result.accessToken)["xms_cc"]).toEqual(["CP1", "CP2"]);
  });

  it("has the certificate of its thumbprint", async () => {
    const { environment, url } = host("service-fabric");
    const { connect } = await import("node:tls");
    const socket = connect({ port: Number(new URL(url).port), host: "localhost", ca: authority.caPem });
    const fingerprint = await new Promise<string>((resolve) => {
      socket.on("secureConnect", () => resolve(socket.getPeerCertificate().fingerprint));
    });
    socket.destroy();
    expect(environment["IDENTITY_SERVER_THUMBPRINT"]).toBe(fingerprint.replaceAll(":", ""));
    expect(environment["NODE_EXTRA_CA_CERTS"]).toMatch(/ca\.pem$/);
  });
});

describe("a host without a system-assigned identity", () => {
  const identities = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ clientId: `identity-${i}` }));

  it.each([
    ["imds", 0, "Identity not found"],
    ["imds", 1, 200],
    ["imds", 2, "Multiple user assigned identities exist"],
    ["app-service", 0, "Unable to load the proper Managed Identity"],
    ["app-service", 1, "Unable to load the proper Managed Identity"],
  ] as const)("answers as the real one: %s with %d others", async (name, count, expected) => {
    const own = await startLocalAuthority({ http: true, managedIdentities: identities(count) });
    const result = await inHost(await own.emulate(name), () =>
      managedIdentity().acquireToken({ resource }),
    ).catch((error: unknown) => error as Error);
    await own.close();
    if (expected === 200) expect(result).toMatchObject({ tokenType: "Bearer" });
    else expect((result as Error).message).toContain(expected);
  });

  it("is deployed with the first of the others, or with the one that is chosen", async () => {
    const own = await startLocalAuthority({ http: true, managedIdentities: identities(2) });
    const first = await own.emulate("machine-learning");
    expect(first.environment["DEFAULT_IDENTITY_CLIENT_ID"]).toBe("identity-0");
    const second = await own.emulate("machine-learning", { clientId: "identity-1" });
    expect(second.environment["DEFAULT_IDENTITY_CLIENT_ID"]).toBe("identity-1");
    await own.close();
  });
});

describe("emulate", () => {
  it.each([
    ["emulate", () => authority.emulate("vm" as "imds")],
    ["clientId", () => authority.emulate("service-fabric", { clientId: "nobody" })],
    ["clientId", () => authority.emulate("aks", { clientId: "nobody" })],
    ["port", () => authority.emulate("imds", { port: 1 } as object)],
  ] as const)("names the wrong %s", async (field, start) => {
    await expect(start()).rejects.toMatchObject({ name: "LocalAuthorityConfigurationError", field });
  });

  it.each([
    ["managedIdentities[0].clientId", [{}]],
    ["managedIdentities[0].tenantId", [{ clientId: "a", tenantId: "elsewhere" }]],
    ["managedIdentities[0].objectId", [{ clientId: "a", objectId: "b" }]],
    ["managedIdentities[0].secret", [{ clientId: "a", secret: "b" }]],
    [
      "managedIdentities[1].systemAssigned",
      [
        { clientId: "a", systemAssigned: true },
        { clientId: "b", systemAssigned: true },
      ],
    ],
    ["clientId of managed identity c", [{ clientId: "c" }, { clientId: "c" }]],
  ])("finds %s in the configuration", async (field, managedIdentities) => {
    const options: object = { managedIdentities };
    const started = startLocalAuthority(options).then((it) => it.close());
    await expect(started).rejects.toMatchObject({ field });
  });

  it("ends with the authority, once", async () => {
    const own = await startLocalAuthority({ http: true });
    const [first, second] = await Promise.all([own.emulate("imds"), own.emulate("imds")]);
    expect(first.url).not.toBe(second.url);
    await first.close();
    await expect(fetch(first.url)).rejects.toThrow("fetch failed");
    expect((await fetch(second.url)).status).toBe(404);
    await own.close();
    await first.close();
    await expect(fetch(second.url)).rejects.toThrow("fetch failed");
    await expect(own.emulate("imds")).rejects.toThrow("closed");
  });
});
