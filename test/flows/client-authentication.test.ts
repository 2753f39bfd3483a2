// A confidential client has one credential, and is told at once when it has none or several.
// proves: core/src/credential/client-credential.ts, node/src/credential/credential.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { NodeAuthOptions } from "@tessera/node";
import { makeCertificate } from "../support/certificates.js";
import { startEntra, type Entra } from "../support/entra.js";

const scopes = ["https://graph.microsoft.com/.default"];
const own = makeCertificate({ subject: "daemon" });

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    tenants: [{ domain: "contoso.example", apps: [{ clientId: "all", clientSecret: "a secret+" }] }],
  });
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());

const app = (clientId: string, auth: Partial<NodeAuthOptions>) =>
  entra.confidential({ auth: { clientId, clientSecret: undefined, ...auth } });
const forms = () =>
  entra.authority.requests.filter(({ endpoint }) => endpoint === "token").map(({ form }) => form);

describe("exactly one credential", () => {
  const certificate = { privateKey: own.privateKeyPem, publicCertificate: own.certificatePem };
  const none = { privateKey: "", thumbprint: "" };
  it.each<[Partial<NodeAuthOptions>, string]>([
    [{}, "auth has no credential"],
    [{ clientSecret: "" }, "auth has no credential"],
    [{ clientCertificate: none }, "auth has no credential"],
    [{ clientSecret: "s", clientAssertion: "a.b.c" }, "clientSecret and clientAssertion"],
    [{ clientSecret: "s", clientCertificate: certificate }, "clientSecret and clientCertificate"],
    [
      { clientSecret: "s", clientCertificate: () => certificate, clientAssertion: async () => "a.b.c" },
      "clientSecret and clientCertificate and clientAssertion",
    ],
  ])("is needed, and the error names what was given (case %#)", (auth, message) => {
    const make = () => app("all", auth);
    expect(make).toThrow(expect.objectContaining({ errorCode: "invalid_client_credential" }));
    expect(make).toThrow(message);
  });

  it("may stand beside an empty one, as in MSAL applications", async () => {
    const client = app("all", { clientSecret: "a secret+", clientCertificate: none });
    await client.acquireTokenByClientCredential({ scopes });
    expect(forms()[0]).toMatchObject({ client_secret: "a secret+" });
  });
});
