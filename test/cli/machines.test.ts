// Machines get tokens with a secret, a certificate, a federated token, a managed identity, or whatever they have.
// proves: cli/src/tokens/machine-token.ts, cli/src/profiles/provider.ts
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { decodeJwt } from "jose";
import { providerText, providerUrl } from "../../packages/cli/src/profiles/provider.js";
import { makeCertificate } from "../support/certificates.js";
import { startStage, type Home, type Stage } from "./stage.js";

const own = makeCertificate({ subject: "orders" });
const orders = "0cde0000-0000-4000-8000-000000000001";
let stage: Stage;
let home: Home;
beforeAll(async () => {
  stage = await startStage();
  home = stage.home();
});
afterAll(() => stage.close());

const resource = ["--resource", "https://graph.microsoft.com"];
const provider = (clientId: string): readonly string[] => [
  ...["--authority", stage.authority.authorityUrl(), "--ca", stage.ca, "--client-id", clientId],
  ...resource,
];

test("with a secret from an environment variable, which appears nowhere", async () => {
  const { clientId, clientSecret } = stage.daemon;
  const args = ["token", ...provider(clientId), "--client-secret-env", "ORDERS_SECRET"];
  const { code, stdout, stderr } = await home.run(args, { env: { ORDERS_SECRET: clientSecret } });
  expect([code, stderr]).toEqual([0, ""]);
  expect(decodeJwt(stdout.trim())).toMatchObject({ appid: clientId, idtyp: "app" });
  const missing = await home.run(args);
  expect(missing).toMatchObject({
    code: 2,
    stderr: "tessera: The environment variable ORDERS_SECRET is not set: set it to the client's secret.\n",
  });
  const wrong = await home.run([...args, "--verbose"], { env: { ORDERS_SECRET: "wrong-but-secret" } });
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain("invalid_client");
  expect(wrong.stderr).not.toContain("wrong-but-secret");
});

test("under a profile, whose token is then kept", async () => {
  const { clientId, clientSecret } = stage.daemon;
  const env = { ORDERS_SECRET: clientSecret };
  const args = [...provider(clientId).slice(0, -2), "--scope", "https://graph.microsoft.com/.default"];
  const login = await home.run(["login", "-p", "daemon", ...args, "--client-secret-env", "ORDERS_SECRET"], {
    env,
  });
  expect(login).toMatchObject({ code: 0, stderr: expect.stringContaining('The profile "daemon" is ready') });
  const first = await home.run(["token", "-p", "daemon"], { env });
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect((await home.run(["token", "-p", "daemon"], { env })).stdout).toBe(first.stdout);
  expect(readFileSync(join(home.profiles, "daemon/profile.json"), "utf8")).not.toContain(clientSecret);
});

describe("with other credentials", () => {
  test("a certificate and its key in one file", async () => {
    const other = await startStage({
      tenants: [
        {
          domain: "contoso.example",
          apps: [
            { clientId: orders, certificates: [own.certificatePem] },
            { clientId: "0cde0000-0000-4000-8000-000000000002" },
          ],
        },
      ],
    });
    try {
      const file = join(home.folder, "orders.pem");
      writeFileSync(file, own.certificatePem + own.privateKeyPem);
      const args = ["--authority", other.authority.authorityUrl(), "--ca", other.ca, "--client-id", orders];
      const result = await home.run(["token", ...args, ...resource, "--certificate", file]);
      expect(result).toMatchObject({ code: 0, stderr: "" });
      const gone = await home.run(["token", ...args, ...resource, "--certificate", "/no/file"]);
      expect(gone).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("--certificate names /no/file"),
      });
    } finally {
      await other.close();
    }
  });

  test("the token file of a workload", async () => {
    const host = await stage.authority.emulate("aks");
    const file = host.environment["AZURE_FEDERATED_TOKEN_FILE"] ?? "";
    const clientId = host.environment["AZURE_CLIENT_ID"] ?? "";
    const result = await home.run(["token", ...provider(clientId), "--federated-token-file", file]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    const env = { ...host.environment, NODE_EXTRA_CA_CERTS: stage.ca };
    expect(await home.run(["token", "--default", ...resource, "--ca", stage.ca], { env })).toMatchObject({
      code: 0,
      stderr: "",
    });
  });

  test("the managed identity of the machine", async () => {
    const host = await stage.authority.emulate("app-service");
    const env = host.environment;
    const result = await home.run(["token", "--managed-identity", ...resource], { env });
    expect(result).toMatchObject({ code: 0, stderr: "" });
    const two = await home.run(["token", "--managed-identity", "--default", ...resource], { env });
    expect(two).toMatchObject({
      code: 2,
      stderr: "tessera: --managed-identity and --default exclude each other.\n",
    });
    const none = await home.run(["token", "--managed-identity"], { env });
    expect(none).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("name it with --scope or --resource"),
    });
  });
});

test.each([
  [{ preset: "auth0:contoso.auth0.com,https://api" }, "https://contoso.auth0.com/"],
  [{ preset: "google" }, "https://accounts.google.com"],
  [{ preset: "keycloak:https://sso.contoso.example,Staff" }, "https://sso.contoso.example/realms/Staff"],
  [{ preset: "okta:contoso.okta.com,default" }, "https://contoso.okta.com/oauth2/default"],
  [{ preset: "zitadel:contoso.zitadel.cloud" }, "https://contoso.zitadel.cloud"],
  [{ preset: "github" }, "https://github.com"],
  [{ preset: "cognito:eu-west-1_Abc123" }, "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123"],
  [{ issuer: "https://sso.contoso.example" }, "https://sso.contoso.example"],
])("the provider of %j is %s", (options, url) => {
  expect(providerUrl(providerText(options) ?? "")).toBe(url);
});

test.each([
  [{ preset: "auth1:x" }, /The preset "auth1" is not known: pass one of auth0:DOMAIN/],
  [{ preset: "keycloak:https://sso.contoso.example" }, /is incomplete: write keycloak:URL,REALM/],
  [{ issuer: "sso.contoso.example" }, /--issuer is "sso\.contoso\.example": pass a URL/],
  [{ issuer: "https://a", authority: "https://b" }, /Pass one of --authority, --issuer and --preset/],
])("%j is refused", (options, message) => {
  expect(() => providerText(options)).toThrow(message);
});
