// AD FS as the authority: no client_info, tokens of two issuers, SHA-1 thumbprints, and a refresh token that stays.
// proves: core/src/dialect/adfs.ts
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { AuthenticationResult, ClientApplication, DeviceCodeRequest } from "@tessera/node";
import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { X509Certificate } from "node:crypto";
import { Agent, fetch } from "undici";
import { makeCertificate } from "../support/certificates.js";
import { signInOnDevice } from "../support/device-sign-in.js";
import { accountOf, startEntra, type Entra, type PartialConfiguration } from "../support/entra.js";
import { expectNothingKept } from "../support/nothing-kept.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const api = "https://orders.contoso.example";
const scopes = [`${api}/read`];
const alice = { username: "alice@contoso.example", password: "alice-password" };
const grace = { username: "grace@corp.contoso.example", password: "grace-password" };
const own = makeCertificate({ subject: "daemon", days: 400 });

let entra: Entra;
let url: string;
beforeAll(async () => {
  entra = await startEntra({
    deviceCode: { interval: 1 },
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "certified", certificates: [own.certificatePem] },
          { clientId: "orders-api", clientSecret: "orders-secret", identifierUri: api },
        ],
        federation: { domain: "corp.contoso.example", users: [grace] },
      },
    ],
  });
  url = entra.authority.authorityUrl("adfs");
});
afterEach(() => {
  entra.authority.clearRequests();
});
afterAll(() => entra.close());

const at = (auth: PartialConfiguration["auth"] = {}): PartialConfiguration => ({
  auth: { authority: url, ...auth },
});
const endpoints = () => entra.authority.requests.map(({ endpoint }) => endpoint);

/** What is true of every sign-in, however it went. */
async function expectUser(app: ClientApplication, result: AuthenticationResult, username: string) {
  const account = accountOf(result);
  const claims = decodeJwt(result.idToken);
  expect(claims).toMatchObject({ iss: url, upn: username, ver: "1.0" });
  expect(account).toMatchObject({
    username,
    homeAccountId: claims.sub,
    localAccountId: claims.sub,
    authorityType: "ADFS",
    environment: new URL(url).host,
  });
  expect(decodeJwt(result.accessToken)).toMatchObject({
    iss: `${url.replace("https:", "http:")}/services/trust`,
    aud: api,
    scp: expect.stringMatching(/\bread\b/),
  });
  expect(await app.getAllAccounts()).toEqual([expect.objectContaining({ username })]);
  const silent = await app.acquireTokenSilent({ scopes, account });
  expect(silent).toMatchObject({ fromCache: true, accessToken: result.accessToken });
  expect(entra.authority.requests.some(({ endpoint }) => endpoint === "instance-discovery")).toBe(false);
}

describe("a user signs in", () => {
  test("with a code, a public client", async () => {
    const app = entra.publicClient(at());
    const result = await signInWithCode(entra, app, scopes);
    await expectUser(app, result, alice.username);
    expect(endpoints().filter((name) => !["authorize", "login"].includes(name))).toEqual([
      "openid-configuration",
      "token",
    ]);
  });

  test("with a code, a confidential client", async () => {
    const app = entra.confidential(at());
    await expectUser(app, await signInWithCode(entra, app, scopes), alice.username);
  });

  test("with a device code", async () => {
    const app = entra.publicClient(at());
    const visits: Promise<string>[] = [];
    const deviceCodeCallback: DeviceCodeRequest["deviceCodeCallback"] = ({ verificationUri, userCode }) => {
      expect(verificationUri).toBe(`${url}/oauth2/deviceauth`);
      visits.push(signInOnDevice(verificationUri, userCode, { ...alice, ca: entra.authority.caPem }));
    };
    const waited = app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback });
    const result = await waited;
    expect(await visits[0]).toContain("You have signed in");
    await expectUser(app, result, alice.username);
  });

  test("with a device code of an AD FS that does not say where it gives them", async () => {
    const app = entra.publicClient(at());
    const network = entra.authority.fault({ match: "openid-configuration", body: olderDocument() });
    const deviceCodeCallback: DeviceCodeRequest["deviceCodeCallback"] = ({ verificationUri, userCode }) =>
      void signInOnDevice(verificationUri, userCode, { ...alice, ca: entra.authority.caPem });
    const result = await app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback });
    expect(network.hits).toBe(1);
    await expectUser(app, result, alice.username);
  });
  const olderDocument = () =>
    JSON.stringify({
      issuer: url,
      authorization_endpoint: `${url}/oauth2/authorize/`,
      token_endpoint: `${url}/oauth2/token/`,
      jwks_uri: `${url}/discovery/keys`,
    });

  test.each([alice, grace])("with a password: $username", async (user) => {
    const app = entra.publicClient(at());
    const result = await app.acquireTokenByUsernamePassword({ scopes, ...user });
    await expectUser(app, result, user.username);
    // AD FS checks every password itself.
    expect(endpoints()).toEqual(["openid-configuration", "token"]);
  });

  test("with a password that is wrong: nothing is kept", async () => {
    const app = entra.publicClient(at());
    const failed = app.acquireTokenByUsernamePassword({ scopes, ...alice, password: "wrong" });
    await expect(failed).rejects.toMatchObject({
      name: "ServerError",
      errorCode: "invalid_grant",
      message: expect.stringContaining("MSIS9659"),
    });
    await expectNothingKept(app);
  });
});

describe("a refresh", () => {
  test("goes on with the old refresh token, again and again, for it gets no new one", async () => {
    const app = entra.publicClient(at());
    const first = await signInWithCode(entra, app, scopes);
    const account = accountOf(first);
    const seen = [first.accessToken];
    for (const _ of [1, 2]) {
      entra.authority.clearRequests();
      entra.clock.advance(3700);
      const renewed = await app.acquireTokenSilent({ scopes, account });
      expect(renewed).toMatchObject({ fromCache: false, account: { homeAccountId: account.homeAccountId } });
      expect(seen).not.toContain(renewed.accessToken);
      expect(entra.authority.requests.map(({ form }) => form["grant_type"])).toEqual(["refresh_token"]);
      seen.push(renewed.accessToken);
    }
    expect(await app.getAllAccounts()).toHaveLength(1);
  });

  test("brings a token for another API", async () => {
    const app = entra.publicClient(at());
    const account = accountOf(await signInWithCode(entra, app, scopes));
    const other = await app.acquireTokenSilent({
      scopes: ["https://stock.contoso.example/write"],
      account,
    });
    expect(decodeJwt(other.accessToken)).toMatchObject({ aud: "https://stock.contoso.example" });
  });

  test("takes a token from elsewhere (acquireTokenByRefreshToken)", async () => {
    const app = entra.publicClient(at());
    await signInWithCode(entra, app, scopes);
    const { RefreshToken } = JSON.parse(app.getTokenCache().serialize()) as {
      RefreshToken: Record<string, { secret: string }>;
    };
    const [{ secret } = { secret: "" }] = Object.values(RefreshToken);
    const fresh = entra.publicClient(at());
    const result = await fresh.acquireTokenByRefreshToken({ scopes, refreshToken: secret });
    expect(result).toMatchObject({ account: { username: alice.username } });
  });

  test("is over when the token has expired", async () => {
    const app = entra.publicClient(at());
    const account = accountOf(await signInWithCode(entra, app, scopes));
    entra.clock.advance(91 * 86_400);
    const failed = app.acquireTokenSilent({ scopes, account });
    await expect(failed).rejects.toMatchObject({ errorCode: "refresh_token_expired" });
  });
});

describe("an app by itself", () => {
  test("with a secret", async () => {
    const app = entra.confidential(at());
    const result = await app.acquireTokenByClientCredential({ scopes: [`${api}/.default`] });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ aud: api, apptype: "Confidential" });
    expect(await app.acquireTokenByClientCredential({ scopes: [`${api}/.default`] })).toMatchObject({
      fromCache: true,
    });
  });

  test("with a certificate, whose SHA-1 thumbprint is all that AD FS knows", async () => {
    const app = entra.confidential(
      at({
        clientId: "certified",
        clientSecret: undefined,
        clientCertificate: { privateKey: own.privateKeyPem, publicCertificate: own.certificatePem },
      }),
    );
    const result = await app.acquireTokenByClientCredential({ scopes: [`${api}/.default`] });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ appid: "certified" });
    const assertion = entra.authority.requests.at(-1)?.form["client_assertion"] ?? "";
    expect(decodeProtectedHeader(assertion)).toEqual({
      alg: "RS256",
      typ: "JWT",
      x5t: Buffer.from(own.thumbprintSha1Hex, "hex").toString("base64url"),
    });
    expect(decodeJwt(assertion).aud).toBe(`${url}/oauth2/token/`);
  });

  test("with a wrong secret", async () => {
    const app = entra.confidential(at({ clientSecret: "wrong" }));
    const failed = app.acquireTokenByClientCredential({ scopes: [`${api}/.default`] });
    await expect(failed).rejects.toMatchObject({
      errorCode: "invalid_client",
      message: expect.stringContaining("MSIS9622"),
    });
  });

  test("on behalf of a user", async () => {
    const called = await entra.publicClient(at()).acquireTokenByUsernamePassword({ scopes, ...alice });
    const app = entra.confidential(at({ clientId: "orders-api", clientSecret: "orders-secret" }));
    const onward = { scopes: ["https://stock.contoso.example/read"], oboAssertion: called.accessToken };
    const result = await app.acquireTokenOnBehalfOf(onward);
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({
      aud: "https://stock.contoso.example",
      upn: alice.username,
    });
    expect(await app.acquireTokenOnBehalfOf(onward)).toMatchObject({ fromCache: true });
  });
});

test("two apps know one user by two names, and one federation server by one", async () => {
  const first = await entra.publicClient(at()).acquireTokenByUsernamePassword({ scopes, ...alice });
  const second = await entra.confidential(at()).acquireTokenByUsernamePassword({ scopes, ...alice });
  expect(first.uniqueId).not.toBe(second.uniqueId);
  expect(decodeJwt(first.idToken)["unique_name"]).toBe("CONTOSO\\alice");
  expect(decodeJwt(second.idToken)["unique_name"]).toBe("CONTOSO\\alice");
});

test("the tokens are signed with the key of the published certificate", async () => {
  const { idToken, accessToken } = await entra
    .publicClient(at())
    .acquireTokenByUsernamePassword({ scopes, ...alice });
  const dispatcher = new Agent({ connect: { ca: entra.authority.caPem }, pipelining: 0 });
  const load = (input: string) => fetch(input, { dispatcher }) as unknown as Promise<Response>;
  const keys = createRemoteJWKSet(new URL(`${url}/discovery/keys`), { [customFetch]: load });
  const currentDate = new Date(entra.clock.now());
  for (const token of [idToken, accessToken]) {
    const { protectedHeader, key } = await jwtVerify(token, keys, { currentDate });
    expect(key).toBeDefined();
    const { keys: published } = (await (await load(`${url}/discovery/keys`)).json()) as {
      keys: { x5t: string; kid: string; x5c: string[] }[];
    };
    const [jwk] = published;
    const certificate = new X509Certificate(Buffer.from(jwk?.x5c[0] ?? "", "base64"));
    const thumbprint = Buffer.from(certificate.fingerprint.replaceAll(":", ""), "hex").toString("base64url");
    expect(protectedHeader).toMatchObject({ alg: "RS256", x5t: thumbprint, kid: thumbprint });
  }
});
