// The same credentials through MSAL Node and MSAL Python, at the same authority: what works there works here.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as peer from "@azure/msal-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { startEntra, type Entra } from "../support/entra.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { describeWithPythonMsal, runPython } from "../support/python-msal.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const scopes = ["https://graph.microsoft.com/.default"];
const graph = ["https://graph.microsoft.com/User.Read"];
const ca = makeCertificate({ subject: "Contoso CA", keyType: "ec" });
const leaf = makeCertificate({ subject: "app.contoso.example", issuer: ca });
const own = makeCertificate({ subject: "daemon" });
const chain = leaf.certificatePem + ca.certificatePem;
const {
  privateKeyPem: privateKey,
  thumbprintSha256Hex: thumbprintSha256,
  thumbprintSha1Hex: thumbprint,
} = own;
const secret = "a secret+/%=&";

let entra: Entra;
let network: PeerNetwork;
let folder: string;
let assertion: string;
let userToken: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tessera-clients-"));
  const pair = await generateKeyPair("ES256");
  const jwks = { keys: [await exportJWK(pair.publicKey)] };
  const issuer = "https://token.actions.githubusercontent.com";
  entra = await startEntra({
    caFile: join(folder, "ca.pem"),
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          {
            clientId: "orders",
            identifierUri: "api://orders",
            clientSecret: secret,
            certificates: [own.certificatePem],
            federatedCredentials: [{ issuer, subject: "repo:shop/orders", jwks }],
          },
          {
            clientId: "chained",
            subjectNameIssuer: { subject: "app.contoso.example", issuerCa: ca.certificatePem },
          },
        ],
      },
    ],
  });
  network = peerNetwork(entra.authority.caPem);
  assertion = await new SignJWT({ iss: issuer, sub: "repo:shop/orders", aud: "api://AzureADTokenExchange" })
    .setProtectedHeader({ alg: "ES256" })
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(pair.privateKey);
  userToken = (await signInWithCode(entra, entra.publicClient(), ["api://orders/access"])).accessToken;
});
afterAll(async () => {
  await network.close();
  await entra.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => entra.authority.clearRequests());

type Credential = Partial<peer.NodeAuthOptions>;

/** The same configuration for either library. */
function client(library: "peer" | "tessera", clientId: string, credential: Credential) {
  if (library === "tessera") {
    return entra.confidential({ auth: { clientId, clientSecret: undefined, ...credential } });
  }
  return new peer.ConfidentialClientApplication({
    auth: {
      clientId,
      authority: entra.authority.authorityUrl(),
      knownAuthorities: [new URL(entra.authority.url).host],
      ...credential,
    },
    system: { networkClient: network },
  });
}

/** What the authority got to prove the client with, without what is new every time. */
function proofs(): readonly unknown[] {
  return entra.authority.requests
    .filter(({ endpoint }) => endpoint === "token")
    .map(({ form }) => {
      const { client_secret, client_assertion, client_assertion_type } = form;
      const own = client_assertion && decodeJwt(client_assertion).iss === form["client_id"];
      const {
        jti: _j,
        iat: _i,
        nbf: _n,
        exp: _e,
        ...claims
      } = client_assertion ? decodeJwt(client_assertion) : {};
      const signed = own ? { header: decodeProtectedHeader(client_assertion), claims } : client_assertion;
      return { client_secret, client_assertion_type, signed };
    });
}

const credentials: readonly (readonly [string, string, () => Credential])[] = [
  ["a secret", "orders", () => ({ clientSecret: secret })],
  ["a SHA-256 thumbprint", "orders", () => ({ clientCertificate: { privateKey, thumbprintSha256 } })],
  ["a SHA-1 thumbprint", "orders", () => ({ clientCertificate: { privateKey, thumbprint } })],
  [
    "the chain of a certificate",
    "chained",
    () => ({
      clientCertificate: {
        privateKey: leaf.privateKeyPem,
        thumbprintSha256: leaf.thumbprintSha256Hex,
        x5c: chain,
      },
    }),
  ],
  ["an assertion", "orders", () => ({ clientAssertion: assertion })],
  ["a function that fetches one", "orders", () => ({ clientAssertion: async () => assertion })],
];

describe("MSAL Node and Tessera prove themselves alike", () => {
  it.each(credentials)("with %s", async (_, clientId, credential) => {
    for (const library of ["peer", "tessera"] as const) {
      const result = await client(library, clientId, credential()).acquireTokenByClientCredential({ scopes });
      expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ azp: clientId, idtyp: "app" });
    }
    const [theirs, ours, ...more] = proofs();
    expect(more).toEqual([]);
    expect(ours).toEqual(theirs);
  });

  it.each(credentials.filter(([, clientId]) => clientId === "orders"))(
    "on behalf of a user, with %s",
    async (_, clientId, credential) => {
      for (const library of ["peer", "tessera"] as const) {
        const app = client(library, clientId, credential());
        const result = await app.acquireTokenOnBehalfOf({ oboAssertion: userToken, scopes: graph });
        expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ azp: clientId, idtyp: "user" });
      }
      const [theirs, ours] = proofs();
      expect(ours).toEqual(theirs);
    },
  );
});

describeWithPythonMsal(() => {
  const program = fileURLToPath(new URL("python/client_credentials_cli.py", import.meta.url));

  interface Order {
    readonly operation: "app_token" | "on_behalf_of";
    readonly clientId: string;
    readonly credential: unknown;
    readonly credentialHere: Credential;
  }
  const certificate = { private_key: privateKey, thumbprint };
  const chained = {
    private_key: leaf.privateKeyPem,
    thumbprint: leaf.thumbprintSha1Hex,
    public_certificate: chain,
  };
  const orders: Readonly<Record<string, Order>> = {
    "a secret": {
      operation: "app_token",
      clientId: "orders",
      credential: secret,
      credentialHere: { clientSecret: secret },
    },
    "the chain of a certificate": {
      operation: "app_token",
      clientId: "chained",
      credential: chained,
      credentialHere: {
        clientCertificate: { privateKey: leaf.privateKeyPem, thumbprint: leaf.thumbprintSha1Hex, x5c: chain },
      },
    },
    "on behalf of a user, a secret": {
      operation: "on_behalf_of",
      clientId: "orders",
      credential: secret,
      credentialHere: { clientSecret: secret },
    },
    "on behalf of a user, a certificate": {
      operation: "on_behalf_of",
      clientId: "orders",
      credential: certificate,
      credentialHere: { clientCertificate: { privateKey, thumbprint } },
    },
  };

  it("and Tessera get the same tokens with the same credentials", async () => {
    const lines = Object.values(orders).map(({ operation, clientId, credential }) =>
      JSON.stringify({
        operation,
        client_id: clientId,
        credential,
        authority: entra.authority.authorityUrl(),
        ca_file: join(folder, "ca.pem"),
        scopes: operation === "app_token" ? scopes : graph,
        assertion: userToken,
      }),
    );
    const answers = await runPython<PythonAnswer>([program], {
      caFile: join(folder, "ca.pem"),
      input: `${lines.join("\n")}\n`,
    });
    for (const [index, [name, order]] of Object.entries(orders).entries()) {
      const app = client("tessera", order.clientId, order.credentialHere);
      const ours =
        order.operation === "app_token"
          ? await app.acquireTokenByClientCredential({ scopes })
          : await app.acquireTokenOnBehalfOf({ oboAssertion: userToken, scopes: graph });
      expect({ [name]: facts(answers[index]?.result?.["access_token"]) }).toEqual({
        [name]: facts(ours?.accessToken),
      });
    }
  });

  interface PythonAnswer {
    readonly result?: Readonly<Record<string, unknown>>;
    readonly failure?: string;
  }

  /** What a token says of client, user and resource. */
  function facts(accessToken: unknown): object {
    const { aud, azp, azpacr, idtyp, oid, roles, sub, tid } = decodeJwt(String(accessToken));
    return { aud, azp, azpacr, idtyp, oid, roles, sub, tid };
  }
});
