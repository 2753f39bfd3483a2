// User names and passwords of a federated domain, whose AD FS speaks WS-Trust.
// proves: core/src/flows/ws-trust/federation-url.ts, core/src/flows/ws-trust/metadata.ts,
// core/src/flows/ws-trust/security-token.ts, core/src/flows/ws-trust/user-realm.ts
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { Fault } from "@tessera/local-authority";
import type { AuthenticationResult } from "@tessera/node";
import { Agent, request } from "undici";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const federated = { username: "grace@partner.example", password: "grace-password" };
const awkward = { username: "o'hara+a&b@partner.example", password: `<pass & "word"> ü 漢 ]]> 'end'` };

let entra: Entra;
let saml2: Entra;
beforeAll(async () => {
  const tenant = (samlVersion: "1.1" | "2.0") => ({
    domain: "contoso.example",
    federation: { domain: "partner.example", samlVersion, users: [federated, awkward] },
  });
  [entra, saml2] = await Promise.all([
    startEntra({ tenants: [tenant("1.1")] }),
    startEntra({ tenants: [tenant("2.0")] }),
  ]);
});
afterEach(() => {
  entra.authority.clearRequests();
  saml2.authority.clearRequests();
});
afterAll(() => Promise.all([entra.close(), saml2.close()]));

const endpoints = (of = entra): readonly string[] =>
  of.authority.requests
    .filter(({ endpoint }) => !["openid-configuration", "instance-discovery"].includes(endpoint))
    .map(({ endpoint, path }) => (endpoint === "ws-trust" ? path : endpoint));
const redemption = (of = entra) =>
  of.authority.requests.findLast(({ endpoint }) => endpoint === "token")?.form;

describe("a federated user", () => {
  const saml1Grant = "urn:ietf:params:oauth:grant-type:saml1_1-bearer";
  const saml2Grant = "urn:ietf:params:oauth:grant-type:saml2-bearer";

  async function signIn(of: Entra, user = federated): Promise<AuthenticationResult> {
    return of.publicClient().acquireTokenByUsernamePassword({ scopes, ...user });
  }
  const no13: Fault = {
    match: "ws-trust-metadata",
    status: 404,
    times: Infinity,
  };

  test.each([
    ["WS-Trust 1.3 with SAML 1.1", () => entra, saml1Grant],
    ["WS-Trust 1.3 with SAML 2.0", () => saml2, saml2Grant],
  ])("signs in by %s", async (_, of, grant) => {
    const result = await signIn(of());
    expect(accountOf(result).username).toBe(federated.username);
    expect(endpoints(of())).toEqual([
      "user-realm",
      "ws-trust-metadata",
      "/adfs/services/trust/13/usernamemixed",
      "token",
    ]);
    expect(redemption(of())?.grant_type).toBe(grant);
    // The password goes to the federation server, and nowhere else.
    expect(JSON.stringify(redemption(of()))).not.toContain(federated.password);
  });

  test("signs in by WS-Trust 2005 where the metadata cannot be had", async () => {
    const fault = entra.authority.fault(no13);
    try {
      expect(accountOf(await signIn(entra)).username).toBe(federated.username);
      expect(endpoints().slice(-2)).toEqual(["/adfs/services/trust/2005/usernamemixed", "token"]);
      expect(redemption()?.grant_type).toBe(saml1Grant);
    } finally {
      fault.clear();
    }
  });

  test("signs in by WS-Trust 2005 where the metadata offers no other", async () => {
    const { body } = await metadata(entra);
    const only2005 = body.replaceAll(
      /<wsdl:port name="UserNameWSTrustBinding_IWSTrust13Async".*?<\/wsdl:port>/g,
      "",
    );
    expect(only2005).not.toBe(body);
    entra.authority.fault({ match: "ws-trust-metadata", body: only2005 });
    expect(accountOf(await signIn(entra)).username).toBe(federated.username);
    expect(endpoints()).toContain("/adfs/services/trust/2005/usernamemixed");
  });

  test("may have any character in name and password", async () => {
    expect(accountOf(await signIn(entra, awkward)).username).toBe(awkward.username);
    expect(accountOf(await signIn(saml2, awkward)).username).toBe(awkward.username);
  });

  test("a wrong password ends in the federation server's reason, without the password", async () => {
    const app = entra.publicClient();
    const password = "a-wrong-password";
    const failed = app.acquireTokenByUsernamePassword({ scopes, ...federated, password });
    const error: unknown = await failed.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      name: "ClientAuthError",
      errorCode: "federation_error",
      errorMessage: expect.stringContaining("ID3242"),
    });
    expectNoSecretIn(error, [password]);
    await expectNothingKept(app);
    expect(endpoints()).not.toContain("token");
    // Once: a second attempt would bring the account nearer to being locked.
    expect(endpoints().filter((path) => path.includes("usernamemixed"))).toHaveLength(1);
  });

  const doctype = `<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>`;
  test.each<[string, Fault, string]>([
    ["a document type", { match: "ws-trust", body: doctype }, "document type"],
    ["something that is no XML", { match: "ws-trust", body: "<<<" }, "federat"],
    ["no assertion", { match: "ws-trust", body: "<s:Envelope xmlns:s='x'/>" }, "not return a SAML assertion"],
    ["HTTP 503", { match: "ws-trust", status: 503, body: "<html></html>" }, "503"],
  ])("%s from the federation server is federation_error", async (_, fault, reason) => {
    entra.authority.fault(fault);
    const failed = signIn(entra);
    await expect(failed).rejects.toMatchObject({
      errorCode: "federation_error",
      errorMessage: expect.stringContaining(reason),
    });
  });

  test.each(["<html>", ""])("HTTP 503 with %j from the federation server may pass", async (body) => {
    const headers = { "retry-after": "1" };
    const fault = entra.authority.fault({ match: "ws-trust", status: 503, body, headers, times: Infinity });
    try {
      await expect(signIn(entra)).rejects.toMatchObject({
        errorCode: "federation_error",
        errorMessage: expect.stringContaining("HTTP 503"),
        isRetryable: true,
        retryAfterSeconds: 1,
      });
    } finally {
      fault.clear();
    }
  });

  test("metadata with a document type is not read: the known endpoint is used", async () => {
    entra.authority.fault({ match: "ws-trust-metadata", body: doctype });
    expect(accountOf(await signIn(entra)).username).toBe(federated.username);
    expect(endpoints()).toContain("/adfs/services/trust/2005/usernamemixed");
  });
});

async function metadata(of: Entra): Promise<{ readonly body: string }> {
  const dispatcher = new Agent({ connect: { ca: of.authority.caPem }, pipelining: 0 });
  const response = await request(`${of.authority.url}/adfs/services/trust/mex`, { dispatcher });
  const body = await response.body.text();
  of.authority.clearRequests();
  return { body };
}
