// The identities of the default credential that are apps and users of Entra: from the environment, from a mounted token file,
// and from a cache that an app keeps on disk.
// proves: node/src/default-credential/environment.ts, node/src/default-credential/workload-identity.ts,
// node/src/default-credential/registered-app.ts, node/src/default-credential/developer-cache.ts
import { rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createDefaultCredential, type DefaultCredentialOptions } from "@tessera/node";
import { createPersistentCache, type PersistentCache } from "@tessera/persistence";
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { startEntra, type Entra } from "../support/entra.js";
import { azToken, createFakeTools, type FakeTools } from "../support/fake-tools.js";
import { makePfx } from "../support/pfx.js";

const scopes = ["https://graph.microsoft.com/.default"];
const certificate = makeCertificate({ subject: "daemon", keyType: "rsa" });
const issuer = "https://cluster.example/1";
const subject = "system:serviceaccount:shop:orders";

let entra: Entra;
let tools: FakeTools;
let environment: NodeJS.ProcessEnv;
let federatedToken: string;

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "k1" }] };
  entra = await startEntra({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "certified", certificates: [certificate.certificatePem] },
          { clientId: "workload", federatedCredentials: [{ issuer, subject, jwks }] },
        ],
      },
      { domain: "partner.example" },
    ],
  });
  federatedToken = await new SignJWT({ sub: subject })
    .setProtectedHeader({ alg: "RS256", kid: "k1" })
    .setIssuer(issuer)
    .setAudience("api://AzureADTokenExchange")
    .setIssuedAt(Math.floor(entra.clock.now() / 1000))
    .setExpirationTime(Math.floor(entra.clock.now() / 1000) + 3600)
    .sign(privateKey);
  tools = createFakeTools();
  tools.answer("az", azToken("of-az", entra.clock.now() + 3_600_000));
});
afterAll(async () => {
  tools.close();
  await entra.close();
});
beforeEach(() => {
  tools.freshFolders();
  environment = { ...process.env };
  process.env["AZURE_AUTHORITY_HOST"] = entra.authority.url;
});
afterEach(() => {
  process.env = environment;
});

const credential = (options: DefaultCredentialOptions = {}) =>
  createDefaultCredential({
    system: { ...entra.configuration("confidential").system, proxy: false },
    ...options,
  });
const set = (variables: Record<string, string | undefined>): void => {
  Object.assign(process.env, { AZURE_TENANT_ID: entra.tenantId }, variables);
};
const file = (name: string, content: string | Uint8Array): string => {
  const path = tools.path(name);
  writeFileSync(path, content);
  return path;
};
const appOf = (token: string): unknown => decodeJwt(token)["appid"];

describe("an app of the environment", () => {
  const secret = () => {
    const { clientId, clientSecret = "" } = entra.configuration("confidential").auth;
    return { AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: String(clientSecret) };
  };
  const pem = certificate.privateKeyPem + certificate.certificatePem;
  const certified = { AZURE_CLIENT_ID: "certified" };
  const forms: readonly (readonly [string, () => Record<string, string>])[] = [
    ["a secret", secret],
    ["a certificate", () => ({ ...certified, AZURE_CLIENT_CERTIFICATE_PATH: file("app.pem", pem) })],
    [
      "a certificate with a chain",
      () => ({
        ...certified,
        AZURE_CLIENT_CERTIFICATE_PATH: file("app.pem", pem),
        AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: "true",
      }),
    ],
    [
      "a PKCS#12 file with a password",
      () => ({
        ...certified,
        AZURE_CLIENT_CERTIFICATE_PATH: file("app.pfx", makePfx(certificate, "pass")),
        AZURE_CLIENT_CERTIFICATE_PASSWORD: "pass",
      }),
    ],
    [
      "a federated token",
      () => ({ AZURE_CLIENT_ID: "workload", AZURE_FEDERATED_TOKEN_FILE: file("federated", federatedToken) }),
    ],
  ];

  test.each(forms)("with %s gets its token, and gets it once", async (_, variables) => {
    set(variables());
    const own = credential();
    const before = entra.tokenRequests();
    const results = await Promise.all(Array.from({ length: 100 }, () => own.acquireToken({ scopes })));
    expect(appOf(results[0]?.accessToken ?? "")).toBe(process.env["AZURE_CLIENT_ID"]);
    expect(await own.getToken(scopes)).toMatchObject({ token: results[0]?.accessToken, tokenType: "Bearer" });
    expect(entra.tokenRequests()).toBe(before + 1);
    expect(tools.runs("az")).toEqual([]);
  });

  test("that is refused ends the chain, with one request for all equal callers", async () => {
    set({ ...secret(), AZURE_CLIENT_SECRET: "wrong" });
    const own = credential();
    const before = entra.tokenRequests();
    const calls = await Promise.allSettled(Array.from({ length: 100 }, () => own.acquireToken({ scopes })));
    for (const call of calls) expect(call).toMatchObject({ reason: { errorCode: "invalid_client" } });
    expect(entra.tokenRequests()).toBe(before + 1);
    expect(tools.runs("az")).toEqual([]);
  });

  test.each<[string, Record<string, string>, string]>([
    ["tenant", { AZURE_TENANT_ID: "contoso.example/other" }, "invalid_option"],
    [
      "certificate",
      { AZURE_CLIENT_SECRET: "", AZURE_CLIENT_CERTIFICATE_PATH: "/nowhere/app.pem" },
      "invalid_certificate",
    ],
    [
      "token file",
      { AZURE_CLIENT_SECRET: "", AZURE_FEDERATED_TOKEN_FILE: "/nowhere/token" },
      "invalid_assertion",
    ],
    ["authority", { AZURE_AUTHORITY_HOST: "http://login.example" }, "authority_uri_insecure"],
  ])("whose %s cannot be used ends the chain", async (_, variables, errorCode) => {
    set({ ...secret(), ...variables });
    await expect(credential().acquireToken({ scopes })).rejects.toMatchObject({ errorCode });
    expect(tools.runs("az")).toEqual([]);
  });

  test("with a password instead of a credential is not there", async () => {
    const { AZURE_CLIENT_ID } = secret();
    set({ AZURE_CLIENT_ID, AZURE_USERNAME: "alice@contoso.example", AZURE_PASSWORD: "alice-password" });
    process.env["AZURE_TOKEN_CREDENTIALS"] = "EnvironmentCredential";
    await expect(credential().acquireToken({ scopes })).rejects.toMatchObject({
      errorCode: "credential_unavailable",
      errorMessage: expect.stringContaining("AZURE_PASSWORD is not supported"),
    });
  });

  test("is for its tenant, and for those that are allowed besides", async () => {
    set(secret());
    const own = credential();
    await expect(own.getToken(scopes, { tenantId: "partner.example" })).rejects.toMatchObject({
      errorCode: "invalid_option",
      errorMessage: expect.stringContaining("AZURE_ADDITIONALLY_ALLOWED_TENANTS"),
    });
    await own.getToken(scopes, { tenantId: entra.tenantId });
    process.env["AZURE_ADDITIONALLY_ALLOWED_TENANTS"] = "*";
    await expect(own.getToken(scopes, { tenantId: "partner.example" })).rejects.toMatchObject({
      errorCode: expect.stringMatching(/unauthorized_client|invalid_client/),
    });
  });
});

test("the options name the tenant and the app of a workload", async () => {
  Object.assign(process.env, {
    AZURE_FEDERATED_TOKEN_FILE: file("federated", federatedToken),
    AZURE_TENANT_ID: "other",
    AZURE_CLIENT_ID: "other",
  });
  const own = credential({ tenantId: entra.tenantId, managedIdentityClientId: "workload" });
  expect(appOf((await own.acquireToken({ scopes })).accessToken)).toBe("workload");
});

describe("the user of a cache on disk", () => {
  const alice = { username: "alice@contoso.example", password: "alice-password" };
  const bob = { username: "bob@contoso.example", password: "bob-password" };
  const reads = ["User.Read"];
  let options: DefaultCredentialOptions;
  let cachePlugin: PersistentCache;

  beforeEach(async () => {
    process.env["AZURE_TOKEN_CREDENTIALS"] = "dev";
    const directory = tools.path("cache");
    rmSync(directory, { recursive: true, force: true });
    const cache = { appName: "contoso-cli", directory, protection: "none" as const };
    cachePlugin = await createPersistentCache(cache);
    options = { developerCache: cache };
  });
  const signIn = async (user: { username: string; password: string }): Promise<void> => {
    const app = entra.publicClient({ cache: { cachePlugin } });
    await app.acquireTokenByUsernamePassword({ scopes: reads, ...user });
  };
  const acquire = async (more: Partial<DefaultCredentialOptions["developerCache"] & object> = {}) => {
    const developerCache = {
      ...(options.developerCache as object),
      ...more,
    } as DefaultCredentialOptions["developerCache"];
    const { accessToken, account } = await credential({ developerCache }).acquireToken({ scopes: reads });
    return account?.username ?? accessToken;
  };

  test("comes before az, and nobody else is needed", async () => {
    await signIn(alice);
    expect(await acquire()).toBe(alice.username);
    expect(tools.runs("az")).toEqual([]);
  });

  test("is not there before the first sign-in: az is asked", async () => {
    expect(await acquire()).toBe("of-az");
  });

  test("is never chosen among several: the program names one", async () => {
    await signIn(alice);
    await signIn(bob);
    await expect(acquire()).rejects.toMatchObject({
      errorCode: "invalid_option",
      errorMessage: expect.stringContaining("developerCache.username"),
    });
    expect(await acquire({ username: "BOB@contoso.example" })).toBe(bob.username);
    expect(await acquire({ username: "carol@contoso.example" })).toBe("of-az");
  });

  test("whose sign-in is refused ends the chain", async () => {
    await signIn(alice);
    entra.authority.fault({ match: "token", status: 400, body: '{"error":"invalid_grant"}' });
    const own = credential(options);
    await expect(own.acquireToken({ scopes: ["Mail.Read"] })).rejects.toMatchObject({
      errorCode: "invalid_grant",
    });
    expect(tools.runs("az")).toEqual([]);
    // After another sign-in, the program goes on.
    await signIn(alice);
    expect((await own.acquireToken({ scopes: reads })).account?.username).toBe(alice.username);
  });

  test("whose cache cannot be opened ends the chain", async () => {
    await expect(acquire({ directory: "relative" })).rejects.toMatchObject({ errorCode: "invalid_option" });
    expect(tools.runs("az")).toEqual([]);
  });
});
