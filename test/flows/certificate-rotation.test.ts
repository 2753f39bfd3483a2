// One signature serves many requests, and a certificate is rotated without a restart.
// proves: core/src/credential/signed-assertion.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { ClientCertificate } from "@tessera/node";
import { decodeJwt, decodeProtectedHeader } from "jose";
import tls from "node:tls";
import { makeCertificate, type MadeCertificate } from "../support/certificates.js";
import { startEntra, type Entra } from "../support/entra.js";
import { makePfx } from "../support/pfx.js";

const old = makeCertificate({ subject: "daemon" });
const renewed = makeCertificate({ subject: "daemon" });
const ec = makeCertificate({ subject: "daemon", keyType: "ec" });
const scopes = ["https://graph.microsoft.com/.default"];
const customers = Array.from({ length: 110 }, (_, index) => `customer${index}.example`);
const options = ({ privateKeyPem: privateKey, certificatePem }: MadeCertificate): ClientCertificate => ({
  privateKey,
  publicCertificate: certificatePem,
});

let entra: Entra;
beforeAll(async () => {
  const certificates = [old.certificatePem, renewed.certificatePem];
  entra = await startEntra({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "daemon", certificates, multiTenant: true },
          { clientId: "strict", certificates, rejectReplayedAssertions: true },
        ],
      },
      ...customers.map((domain) => ({ domain })),
    ],
  });
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());

const app = (clientCertificate: ClientCertificate | (() => ClientCertificate | Promise<ClientCertificate>)) =>
  entra.confidential({ auth: { clientId: "daemon", clientSecret: undefined, clientCertificate } });
const assertions = () => entra.authority.requests.flatMap(({ form }) => form["client_assertion"] ?? []);
const ids = () => new Set(assertions().map((assertion) => decodeJwt(assertion).jti));
const thumbprints = () =>
  new Set(assertions().map((assertion) => decodeProtectedHeader(assertion)["x5t#S256"] as string));
const named = ({ thumbprintSha256Hex }: MadeCertificate) =>
  Buffer.from(thumbprintSha256Hex, "hex").toString("base64url");

describe("a signed assertion", () => {
  it("is reused until a minute before it expires, whatever it is for", async () => {
    const client = app(options(old));
    const ask = (resource: string) =>
      client.acquireTokenByClientCredential({ scopes: [`https://${resource}.example/.default`] });
    await Promise.all(Array.from({ length: 20 }, (_, index) => ask(`r${index}`)));
    expect([assertions().length, ids().size]).toEqual([20, 1]);
    entra.clock.advance(539);
    await ask("later");
    expect([assertions().length, ids().size]).toEqual([21, 1]);
    entra.clock.advance(1);
    await ask("last");
    expect([assertions().length, ids().size]).toEqual([22, 2]);
    entra.clock.advance(539);
    await ask("very-last");
    expect([assertions().length, ids().size]).toEqual([23, 2]);
  });

  it("belongs to one token endpoint: another tenant gets another", async () => {
    const client = app(options(old));
    await client.acquireTokenByClientCredential({ scopes });
    await client.acquireTokenByClientCredential({ scopes, tenantId: "fabrikam.example" });
    await client.acquireTokenByClientCredential({ scopes, tenantId: "fabrikam.example", skipCache: true });
    const audiences = assertions().map((assertion) => String(decodeJwt(assertion).aud));
    expect(audiences.map((audience) => new URL(audience).pathname.split("/")[1])).toEqual([
      entra.tenantId,
      "fabfabfa-0000-4000-8000-000000000000",
      "fabfabfa-0000-4000-8000-000000000000",
    ]);
    expect(ids().size).toBe(2);
  });

  it("is kept for each tenant of a service that works in many", async () => {
    const client = app(options(old));
    for (const _ of [1, 2]) {
      const calls = customers.map((tenantId) =>
        client.acquireTokenByClientCredential({ scopes, tenantId, skipCache: true }),
      );
      await Promise.all(calls);
    }
    expect([assertions().length, ids().size]).toEqual([2 * customers.length, customers.length]);
  });

  it("that the server takes once only is refused the second time, as the server says", async () => {
    const clientCertificate = options(old);
    const client = entra.confidential({
      auth: { clientId: "strict", clientSecret: undefined, clientCertificate },
    });
    await client.acquireTokenByClientCredential({ scopes });
    const again = client.acquireTokenByClientCredential({ scopes, skipCache: true });
    await expect(again).rejects.toMatchObject({ errorCode: "invalid_client", errorNo: 700027 });
  });
});

describe("a certificate from a function", () => {
  it("is asked for when a request is sent, and not for a token from the cache", async () => {
    let asked = 0;
    const client = app(() => {
      asked += 1;
      return options(old);
    });
    expect(asked).toBe(0);
    await client.acquireTokenByClientCredential({ scopes });
    for (const _ of Array(5)) await client.acquireTokenByClientCredential({ scopes });
    expect(asked).toBe(1);
  });

  it("is rotated under load, and no call fails", async () => {
    let current = old;
    let asked = 0;
    const client = app(async () => {
      asked += 1;
      // Rotated in the middle of the crowd, and back and forth after it.
      if (asked === 50) current = renewed;
      return options(asked <= 100 ? current : asked % 2 ? old : renewed);
    });
    const crowd = Array.from({ length: 100 }, (_, index) =>
      client.acquireTokenByClientCredential({ scopes: [`https://r${index}.example/.default`] }),
    );
    const results = await Promise.all(crowd);
    expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(100);
    for (let round = 0; round < 5; round += 1) {
      const again = Array.from({ length: 4 }, (_, index) =>
        client.acquireTokenByClientCredential({
          scopes: [`https://r${index}.example/.default`],
          skipCache: true,
        }),
      );
      await Promise.all(again);
    }
    expect(assertions()).toHaveLength(120);
    expect(thumbprints()).toEqual(new Set([named(old), named(renewed)]));
    // One signature for each certificate, however often they take turns.
    expect(ids().size).toBe(2);
  });

  it.each<[string, () => ClientCertificate, string]>([
    ["has no key any more", () => ({ publicCertificate: old.certificatePem }), "has no privateKey"],
    [
      "lost its certificate",
      () => ({ privateKey: old.privateKeyPem }),
      "neither publicCertificate nor a thumbprint",
    ],
    ["is elliptic, which Entra does not take", () => options(ec), "not have an RSA key"],
  ])("that %s fails the call with the reason; the next call is good again", async (_, bad, reason) => {
    let broken = true;
    const client = app(() => (broken ? bad() : options(renewed)));
    await expect(client.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
      errorCode: "invalid_certificate",
      message: expect.stringContaining(reason),
    });
    expect(assertions()).toEqual([]);
    broken = false;
    expect((await client.acquireTokenByClientCredential({ scopes })).fromCache).toBe(false);
  });

  it("that has the key of another one at first is used with its own key from then on", async () => {
    const { privateKeyPem: wrong } = renewed;
    const { privateKeyPem: right, thumbprintSha256Hex: thumbprintSha256 } = old;
    let privateKey = wrong;
    const client = app(() => ({ privateKey, thumbprintSha256 }));
    await expect(client.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
      errorCode: "invalid_client",
    });
    privateKey = right;
    expect((await client.acquireTokenByClientCredential({ scopes })).fromCache).toBe(false);
  });

  it("that is a PFX is opened once for each file it returns, however many tokens are requested", async () => {
    // OpenSSL checks each file that is opened.
    const opened = jest.spyOn(tls, "createSecureContext");
    const files = [makePfx(old, "open"), makePfx(renewed, "open")];
    let current = 0;
    const client = app(() => ({ pfx: Buffer.from(files[current] ?? ""), passphrase: "open" }));
    for (current of [0, 0, 0, 1, 1]) await client.acquireTokenByClientCredential({ scopes, skipCache: true });
    expect(opened).toHaveBeenCalledTimes(2);
    expect(thumbprints()).toEqual(new Set([named(old), named(renewed)]));
    opened.mockRestore();
  });

  it("that cannot be had fails the call with the app's own error", async () => {
    const client = app(() => Promise.reject(new Error("the vault is shut")));
    await expect(client.acquireTokenByClientCredential({ scopes })).rejects.toThrow("the vault is shut");
  });
});
