// An application says what it knows of itself, and no secret, token or user is in that.
// proves: node/src/diagnostics.ts, node/src/endpoints-application.ts
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, LogLevel, version } from "@tessera/node";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CONFIGURATION, type Members } from "../../packages/node/src/configuration-members.js";
import { gate } from "../support/gate.js";
import { root } from "../packages/workspace.js";
import { makeCertificate } from "../support/certificates.js";
import { deadlineInHand } from "../support/deadline-in-hand.js";
import { redeem, secrets, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
afterEach(() => provider.reset());

describe("the diagnostics", () => {
  it("name versions, cache figures, and each host with its last errors", async () => {
    const app = provider.confidential({ system: { retries: 0 } });
    await redeem(app);
    provider.answers.token = () => ({ status: 503, body: "down" });
    const failing = app.acquireTokenByClientCredential({ scopes: ["api"], correlationId: "the-call" });
    await expect(failing).rejects.toThrow();
    const { versions, cache, hosts, openTelemetry } = app.diagnostics();
    expect(versions).toMatchObject({ tessera: version, node: process.version });
    expect(cache).toEqual(app.getTokenCache().stats());
    expect(openTelemetry).toBe("not registered");
    expect(hosts).toMatchObject([
      {
        host: new URL(provider.url).host,
        lastErrors: [{ error: "HTTP 503", correlationId: "the-call", at: expect.stringMatching(/Z$/) }],
      },
    ]);
  });

  it("say of a host that keeps failing that it is left alone, and how often requests were sent again", async () => {
    const clock = { now: () => provider.clock.now(), sleep: async () => undefined };
    const app = provider.confidential({ system: { clock } });
    await redeem(app);
    provider.answers.token = () => ({ status: 503, body: "down" });
    for (const scope of ["a", "b", "c", "d"])
      await expect(app.acquireTokenByClientCredential({ scopes: [scope] })).rejects.toThrow();
    expect(app.diagnostics().hosts).toMatchObject([
      {
        circuit: "open",
        secondsLeftAlone: 1,
        failuresInARow: 10,
        retries: { sent: 6, allowed: 10 },
        clockSkewSeconds: expect.any(Number),
      },
    ]);
    provider.clock.advance(1);
    expect(app.diagnostics().hosts).toMatchObject([{ circuit: "half-open", secondsLeftAlone: 0 }]);
  });

  it("count no failure of a host when a caller's own time ends, nor does its circuit", async () => {
    const userinfo_endpoint = `${provider.url}/userinfo`;
    provider.answers.discovery = () => ({ body: provider.metadata({ userinfo_endpoint }) });
    const app = provider.confidential();
    const { accessToken } = await redeem(app);
    const asked = gate();
    provider.answers.userinfo = () => {
      asked.open();
      return { raw: () => undefined };
    };
    const deadline = deadlineInHand(234_567);
    const call = app.userInfo({ accessToken, timeoutMs: 234_567 });
    call.catch(() => undefined);
    await asked.opened;
    deadline.pass();
    deadline.restore();
    await expect(call).rejects.toMatchObject({ errorCode: "request_timeout" });
    expect(app.diagnostics().hosts).toMatchObject([{ failures: 0, circuit: "closed" }]);
  });

  it("are plain JSON without a secret, a token or a user", async () => {
    const app = provider.confidential();
    await redeem(app);
    const text = JSON.stringify(app.diagnostics());
    expect(JSON.parse(text)).toEqual(app.diagnostics());
    for (const secret of [...secrets, "user-1"]) expect(text).not.toContain(secret);
  });

  it("show options that are set, and of those that may be secret only that", () => {
    const certificate = makeCertificate({ subject: "the-client" });
    const app = new ConfidentialClientApplication({
      auth: {
        clientId: "the-client",
        oidcAuthority: "https://issuer.example",
        clientCertificate: {
          privateKey: certificate.privateKeyPem,
          publicCertificate: certificate.certificatePem,
        },
        extraParameters: { audience: "the-audience" },
        clientMetadata: { token_endpoint_auth_method: "private_key_jwt" },
      },
      system: {
        proxy: "http://user:the-password@proxy.example:8080",
        retries: 1,
        callTimeoutMs: 20_000,
        maxConnections: 5,
        loggerOptions: { loggerCallback: () => undefined, logLevel: LogLevel.Error },
      },
    });
    const { configuration } = app.diagnostics();
    expect(configuration).toMatchObject({
      "auth.clientId": "the-client",
      "auth.oidcAuthority": "https://issuer.example",
      "auth.clientCertificate.privateKey": "(set)",
      "auth.extraParameters": "(set)",
      "auth.clientMetadata.token_endpoint_auth_method": "private_key_jwt",
      "system.proxy": "(set)",
      "system.retries": 1,
      "system.callTimeoutMs": 20_000,
      "system.maxConnections": 5,
      "system.loggerOptions.loggerCallback": "(set)",
      "system.loggerOptions.logLevel": LogLevel.Error,
    });
    expect(JSON.stringify(configuration)).not.toMatch(/BEGIN|the-password|the-audience/);
  });

  it("show no value of an option, whatever it is, unless that is listed", () => {
    const code = readFileSync(join(root, "packages/node/src/diagnostics.ts"), "utf8");
    const listed = new Set(
      [...code.matchAll(/"((?:auth|cache|system|telemetry)\.[\w.]*\w)"/g)].map(([, path]) => path),
    );
    const secret = /secret|certificate|assertion|key|proxy|extra|metadata$|ca$/i;
    const paths = pathsOf(CONFIGURATION, "");
    expect([...listed].filter((path) => !paths.includes(path ?? ""))).toEqual([]);
    expect(
      [...listed].filter((path) => secret.test(path?.replace(/^auth\.clientMetadata\./, "") ?? "")),
    ).toEqual([]);
  });
});

function pathsOf(members: Members, path: string): readonly string[] {
  if (members === "value") return [path];
  return Object.entries(members).flatMap(([name, inner]) => pathsOf(inner, path ? `${path}.${name}` : name));
}
