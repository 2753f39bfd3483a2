// Signatures of every kind of key that cannot be exported, as a key vault or a smart card gives them, are good at an OpenID
// Provider that nobody here wrote.
// proves: core/src/credential/ecdsa-der.ts, core/src/credential/external-signature.ts
import { createPublicKey, generateKeyPairSync, randomBytes, sign as signWith, verify } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { ConfidentialClientApplication } from "@tessera/node";
import { decodeProtectedHeader } from "jose";
import type { KoaContextWithOIDC, Provider } from "oidc-provider";
import { joinedSignature } from "../../packages/core/src/credential/ecdsa-der.js";
import { makeCertificate, type MadeCertificate } from "../support/certificates.js";
import { opensslKey, vaultKey, type Sign } from "../support/external-keys.js";

const elliptic = (namedCurve: string): MadeCertificate => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve });
  const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return makeCertificate({ subject: namedCurve, privateKeyPem });
};
const server = makeCertificate({ subject: "localhost", keyType: "ec", dnsNames: ["localhost"] });
const keys: Readonly<Record<string, MadeCertificate>> = {
  RS256: makeCertificate({ subject: "rsa" }),
  ES256: elliptic("P-256"),
  ES384: elliptic("P-384"),
  ES512: elliptic("P-521"),
};
const keyFor = (algorithm: string): MadeCertificate => {
  const key = keys[algorithm] ?? keys["RS256"];
  if (!key) throw new Error(`no key for ${algorithm}`);
  return key;
};
const algorithms = ["RS256", "PS256", "PS512", "ES256", "ES384", "ES512"] as const;

let accepted: string[] = [];
let url: string;
let listener: Server;
beforeAll(async () => {
  for (const level of ["info", "warn"] as const)
    jest.spyOn(console, level).mockImplementation(() => undefined);
  const { Provider: OpenIdProvider } = await import("oidc-provider");
  const started: { provider?: Provider } = {};
  listener = createServer({ key: server.privateKeyPem, cert: server.certificatePem }, (request, response) => {
    void started.provider?.callback()(request, response);
  }).listen(0, "localhost");
  await once(listener, "listening");
  url = `https://localhost:${(listener.address() as AddressInfo).port}`;
  // Jest's structuredClone makes objects of another realm, which the provider takes for no plain ones.
  const clone = jest
    .spyOn(globalThis, "structuredClone")
    .mockImplementation(<T>(value: T) => JSON.parse(JSON.stringify(value)) as T);
  started.provider = new OpenIdProvider(url, {
    clients: Object.entries(keys).map(([client_id, { certificatePem }]) => ({
      client_id,
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      scope: "reports:read",
      token_endpoint_auth_method: "private_key_jwt",
      jwks: {
        keys: [{ ...createPublicKey(certificatePem).export({ format: "jwk" }), kid: "k", use: "sig" }],
      },
    })),
    scopes: ["reports:read"],
    clientAuthMethods: ["private_key_jwt"],
    enabledJWA: { clientAuthSigningAlgValues: [...algorithms] },
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  });
  clone.mockRestore();
  // The client chooses among the algorithms that the provider lists.
  started.provider.use(async (context: KoaContextWithOIDC, next) => {
    await next();
    if (context.path === "/.well-known/openid-configuration")
      (context.body as Record<string, unknown>)["token_endpoint_auth_signing_alg_values_supported"] =
        accepted;
    const { client_assertion: assertion } = (context.oidc?.body ?? {}) as { client_assertion?: string };
    if (assertion) sent.push(assertion);
  });
});
afterAll(async () => {
  listener.closeAllConnections();
  listener.close();
  await once(listener, "close");
});
const sent: string[] = [];
beforeEach(() => {
  sent.length = 0;
});

const signIn = (algorithm: string, sign: Sign) => {
  accepted = [algorithm];
  const app = new ConfidentialClientApplication({
    auth: {
      clientId: algorithm in keys ? algorithm : "RS256",
      oidcAuthority: url,
      clientCertificate: { publicCertificate: keyFor(algorithm).certificatePem, sign, kid: "k" },
    },
    system: { ca: server.certificatePem, proxy: false },
  });
  return app.acquireTokenByClientCredential({ scopes: ["reports:read"], skipCache: true });
};

describe.each(algorithms)("%s is accepted", (algorithm) => {
  const { privateKeyPem } = keyFor(algorithm);
  it.each<[string, Sign]>([
    ["as JWS has it", vaultKey(privateKeyPem)],
    ["as X.509 has it", vaultKey(privateKeyPem, "der")],
    [
      "of OpenSSL",
      async (data, alg) => {
        const key = opensslKey(privateKeyPem);
        return key.sign(data, alg).finally(() => key.remove());
      },
    ],
  ])("%s", async (_, sign) => {
    await expect(signIn(algorithm, sign)).resolves.toMatchObject({ tokenType: "Bearer" });
    expect(sent.map((assertion) => decodeProtectedHeader(assertion).alg)).toEqual([algorithm]);
  });

  it("for one request each: the provider takes an assertion once", async () => {
    const sign = jest.fn(vaultKey(privateKeyPem));
    for (const _ of [1, 2]) await signIn(algorithm, sign);
    expect(sign).toHaveBeenCalledTimes(2);
  });
});

it.each([
  ["by another key of the curve", vaultKey(elliptic("P-256").privateKeyPem)],
  ["by another key, in DER", vaultKey(elliptic("P-256").privateKeyPem, "der")],
  ["by a key of another curve", vaultKey(elliptic("P-384").privateKeyPem)],
])("an elliptic-curve signature %s is refused, and nothing is sent", async (_, sign) => {
  const other: Sign = (data) => sign(data, "ES256");
  await expect(signIn("ES256", other)).rejects.toMatchObject({ errorCode: "invalid_certificate" });
  expect(sent).toEqual([]);
});

describe("a signature in DER", () => {
  it.each<[string, number]>([
    ["P-256", 32],
    ["P-384", 48],
    ["P-521", 66],
  ])("of %s becomes R and S joined, also where they begin with zeros", (namedCurve, length) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
    let short = 0;
    // One in 128 has an R or an S that is shorter.
    for (let round = 0; round < 5000 && short === 0; round += 1) {
      const data = randomBytes(8);
      const der = signWith("sha256", data, { key: privateKey, dsaEncoding: "der" });
      const joined = joinedSignature(der, length) ?? Buffer.alloc(0);
      if (joined[0] === 0 || joined[length] === 0) short += 1;
      expect(joined).toHaveLength(2 * length);
      expect(verify("sha256", data, { key: publicKey, dsaEncoding: "ieee-p1363" }, joined)).toBe(true);
    }
    expect(short).toBeGreaterThan(0);
  });

  const integer = (...bytes: number[]) => [0x02, bytes.length, ...bytes];
  const sequence = (...bytes: number[]) => Buffer.of(0x30, bytes.length, ...bytes);
  it.each<[string, Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["another type", Buffer.of(0x31, 6, ...integer(1), ...integer(1))],
    ["one number", sequence(...integer(1))],
    ["three numbers", sequence(...integer(1), ...integer(1), ...integer(1))],
    ["bytes after it", Buffer.concat([sequence(...integer(1), ...integer(1)), Buffer.of(0)])],
    ["too few bytes", sequence(...integer(1), ...integer(1)).subarray(0, 7)],
    ["a number that is too long", sequence(...integer(1), ...integer(...Array<number>(33).fill(1)))],
    ["a number without bytes", sequence(...integer(), ...integer(1))],
    ["a length in two bytes", Buffer.of(0x30, 0x82, 0, 6, ...integer(1), ...integer(1))],
  ])("is none: %s", (_, bytes) => {
    expect(joinedSignature(bytes, 32)).toBeUndefined();
  });

  it("in the long form is read", () => {
    const der = Buffer.of(0x30, 0x81, 6, ...integer(1), ...integer(2));
    expect(joinedSignature(der, 2)).toEqual(Buffer.of(0, 1, 0, 2));
  });
});
