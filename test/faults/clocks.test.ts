// A machine whose clock is two hours off signs in; one that is days off is told so. Time limits do not depend on it.
// proves: core/src/http/clock-skew.ts, core/src/http/host.ts, core/src/exchange/client-form.ts, core/src/response/verify-jwt.ts
import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, LogLevel, type Clock, type NodeAuthOptions } from "@tessera/node";
import { decodeJwt } from "jose";
import { correctionOf, skewSentence } from "../../packages/core/src/http/clock-skew.js";
import { makeCertificate } from "../support/certificates.js";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { redeem, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { scopes } from "../support/oidc-applications.js";
import type { OpenIdProvider } from "../support/oidc-provider.js";
import { startSecuredProvider } from "../support/secured-provider.js";
import { signIn } from "../support/sign-in.js";
import { signInWithCode } from "../support/sign-in-with-code.js";
import { createTestClock } from "../support/test-clock.js";

const HOURS = 3600;
const DAYS = 24 * HOURS;
const off = (clock: Clock, seconds: number): Clock => ({
  now: () => clock.now() + seconds * 1000,
  monotonic: () => performance.now(),
});
const real: Clock = { now: () => Date.now() };
const ways = [
  ["behind", -2 * HOURS],
  ["ahead", 2 * HOURS],
] as const;

const own = makeCertificate({ subject: "daemon" });
const daemonId = "d0d0d0d0-0000-4000-8000-0000000000d0";
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
let entra: Entra;
let strict: OpenIdProvider;
let provider: FakeProvider;
beforeAll(async () => {
  entra = await startEntra({
    tenants: [
      { domain: "contoso.example", apps: [{ clientId: daemonId, certificates: [own.certificatePem] }] },
    ],
  });
  const publicKey = { ...keys.publicKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "ES256" };
  strict = await startSecuredProvider({
    requiresPushed: true,
    requiresSigned: true,
    keys: [publicKey],
    client: { request_object_signing_alg: "ES256" },
    confidential: {
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: "ES256",
    },
  });
  provider = await startFakeProvider();
});
afterAll(() => Promise.all([entra.close(), strict.close(), provider.close()]));
beforeEach(() => {
  entra.authority.clearRequests();
  provider.reset();
});

describe.each(ways)("a machine two hours %s", (_, seconds) => {
  it("signs a user in at Entra, keeps the tokens for their life, and renews them", async () => {
    const clock = createTestClock(entra.clock.now() + seconds * 1000);
    const app = entra.publicClient({ system: { clock } });
    const result = await signInWithCode(entra, app, ["User.Read"]);
    expect(result).toMatchObject({ fromCache: false });
    const request = { scopes: ["User.Read"], account: accountOf(result) };
    expect(await app.acquireTokenSilent(request)).toMatchObject({ fromCache: true });
    clock.advance(2 * HOURS);
    expect(await app.acquireTokenSilent(request)).toMatchObject({ fromCache: false });
  });

  it.each([
    ["learned from the first document", {}, 1],
    ["learned from the refusal, where nothing had to be fetched", { isKnown: true }, 2],
  ] as const)("proves an app to Entra with a certificate: %s", async (_how, { isKnown }: Known, sent) => {
    const privateKey = own.privateKeyPem;
    const auth: Partial<NodeAuthOptions> = {
      clientId: daemonId,
      clientSecret: undefined,
      clientCertificate: { privateKey, publicCertificate: own.certificatePem },
      ...(isKnown ? await metadata() : {}),
    };
    entra.authority.clearRequests();
    const lines: string[] = [];
    const loggerCallback = (level: LogLevel, line: string): void =>
      void (level === LogLevel.Warning && lines.push(line));
    const app = entra.confidential({
      auth,
      system: { clock: off(entra.clock, seconds), loggerOptions: { loggerCallback } },
    });
    const request = { scopes: ["https://graph.microsoft.com/.default"], skipCache: true };
    await app.acquireTokenByClientCredential(request);
    expect(entra.tokenRequests()).toBe(sent);
    await app.acquireTokenByClientCredential(request);
    expect(entra.tokenRequests()).toBe(sent + 1);
    const assertion = entra.authority.requests.at(-1)?.form["client_assertion"] ?? "";
    expect(Math.abs(Number(decodeJwt(assertion).iat) - entra.clock.now() / 1000)).toBeLessThan(5);
    expect(lines.filter((line) => /clock is 2 hours (behind|ahead of) that of/.test(line))).toHaveLength(1);
    const { hosts } = app.diagnostics();
    const way = seconds < 0 ? -1 : 1;
    expect((hosts[0]?.clockSkewSeconds ?? 0) * way).toBeLessThanOrEqual(-2 * HOURS + 2);
  });

  it("signs a user in at a certified provider: assertion, request object, proof of possession, ID token", async () => {
    const privateKey = keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const app = new ConfidentialClientApplication({
      auth: {
        clientId: strict.clients.post.clientId,
        oidcAuthority: strict.url,
        clientCertificate: { privateKey, kid: "one" },
        requestObjectKey: { privateKey, kid: "one" },
        clientMetadata: {
          token_endpoint_auth_method: "private_key_jwt",
          request_object_signing_alg: "ES256",
        },
      },
      system: { clock: off(real, seconds) },
    });
    const request = { scopes, redirectUri: strict.redirectUri, prompt: "consent" };
    const flow = await app.initiateAuthCodeFlow({ ...request, authenticationScheme: "DPoP" });
    const response = await signIn(flow.authUrl, { username: "olga@example.org", password: "any" });
    expect(await app.acquireTokenByAuthCodeFlow(flow, response)).toMatchObject({ tokenType: "DPoP" });
  });
});

interface Known {
  readonly isKnown?: boolean;
}

/** What an application is given so that it need not ask. */
async function metadata(): Promise<Partial<NodeAuthOptions>> {
  const { tenantId, authority } = entra;
  const url = authority.authorityUrl(tenantId);
  const app = entra.confidential();
  await app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
  const path = authority.requests.find(({ endpoint }) => /openid-configuration/.test(endpoint))?.path ?? "";
  return { knownAuthorities: [new URL(url).host], authorityMetadata: await fetchText(new URL(path, url)) };
}

async function fetchText(url: URL): Promise<string> {
  const { request } = await import("node:https");
  const ca = entra.authority.caPem;
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...(ca ? { ca } : {}) }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(text));
    });
    sent.on("error", reject).end();
  });
}

describe("a machine that is days off", () => {
  it.each([
    ["behind", -3 * DAYS, "not valid before"],
    ["ahead of", 3 * DAYS, "expired at"],
  ] as const)(
    "%s is told which way, how much, and what to do, when it signs a user in",
    async (way, seconds, why) => {
      const app = provider.confidential({ system: { clock: off(provider.clock, seconds) } });
      const nbf = Math.floor(provider.clock.now() / 1000);
      provider.answers.token = () => ({
        body: provider.tokens({ id_token: provider.idToken({ claims: { nbf } }) }),
      });
      const host = new URL(provider.url).host;
      await expect(redeem(app)).rejects.toMatchObject({
        name: "ClientAuthError",
        errorCode: "invalid_id_token",
        message: expect.stringMatching(
          new RegExp(`${why}.*This machine's clock is 3 days ${way} that of ${host}: set it`),
        ),
      });
    },
  );
});

describe("the difference", () => {
  it.each([
    [undefined, 0],
    [0, 0],
    [60, 0],
    [-60, 0],
    [61, 61],
    [-2 * HOURS, -2 * HOURS],
    [DAYS, DAYS],
    [DAYS + 1, 0],
    [-DAYS - 1, 0],
  ])("of %p seconds is corrected by %p", (seconds, corrected) => {
    expect(correctionOf(seconds === undefined ? undefined : seconds * 1000) / 1000).toBeCloseTo(corrected);
  });

  it.each([
    [undefined, ""],
    [59, ""],
    [65, "1 minute behind"],
    [-2 * HOURS - 61, "2 hours and 1 minute ahead of"],
    [3 * DAYS + 60, "3 days and 1 minute behind"],
  ])("of %p seconds is said as %j", (seconds, text) => {
    const said = skewSentence("login.example", seconds === undefined ? undefined : seconds * 1000);
    if (text === "") expect(said).toBe("");
    else expect(said).toContain(`clock is ${text} that of login.example`);
  });
});

describe("a clock that is set while the program runs", () => {
  it.each([
    ["on", DAYS],
    ["back", -DAYS],
  ])("%s by a day neither ends nor prolongs a pause that the server wants", async (_, seconds) => {
    let elapsed = 0;
    const wall = createTestClock(provider.clock.now());
    const clock = { ...wall, monotonic: () => elapsed };
    const app = provider.confidential({ system: { clock } });
    provider.answers.token = () => ({ status: 429, headers: { "retry-after": "60" }, body: { error: "x" } });
    const ask = () => app.acquireTokenByClientCredential({ scopes: ["api"] });
    await expect(ask()).rejects.toMatchObject({ retryAfterSeconds: 60 });
    wall.advance(seconds);
    elapsed = 20_000;
    await expect(ask()).rejects.toMatchObject({ retryAfterSeconds: 40 });
    expect(provider.count("token")).toBe(1);
    provider.answers.token = () => ({ body: provider.tokens({ id_token: undefined }) });
    elapsed = 61_000;
    expect(await ask()).toMatchObject({ fromCache: false });
  });
});
