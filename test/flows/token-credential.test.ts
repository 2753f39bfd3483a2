// An application as the credential of an Azure SDK client, in the pipeline that the SDKs are made of.
// proves: node/src/token-credential.ts
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { TokenCredential as AzureCredential } from "@azure/identity";
import { tokenCredential, type TokenCredential } from "@tessera/node";
import { decodeJwt } from "jose";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

/** What is used of `@azure/core-rest-pipeline`, which `@azure/identity` brings along. */
interface RestPipeline {
  createEmptyPipeline(): {
    addPolicy(policy: unknown): void;
    sendRequest(client: HttpClient, request: PipelineRequest): Promise<{ readonly status: number }>;
  };
  bearerTokenAuthenticationPolicy(options: { credential: AzureCredential; scopes: string }): unknown;
  createPipelineRequest(options: { url: string; abortSignal?: AbortSignal }): PipelineRequest;
  createHttpHeaders(headers: Record<string, string>): unknown;
}
interface PipelineRequest {
  readonly headers: { get(name: string): string | undefined };
}
interface HttpClient {
  sendRequest(request: PipelineRequest): Promise<object>;
}

// It stands beside the package that brings it along.
const identity = realpathSync(fileURLToPath(new URL("../../node_modules/@azure/identity", import.meta.url)));
const pipeline = (await import(join(identity, "../core-rest-pipeline/dist/esm/index.js"))) as RestPipeline;
const scope = "https://vault.example/.default";
const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ refreshIn: 600 });
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());

/** Sends a request to an API as an SDK client does; `challenges`: how often the API demands claims. */
async function send(credential: TokenCredential, challenges = 0, abortSignal?: AbortSignal) {
  const tokens: string[] = [];
  const api: HttpClient = {
    sendRequest: async (request) => {
      tokens.push(request.headers.get("authorization")?.replace("Bearer ", "") ?? "");
      const refused = tokens.length <= challenges;
      const value = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString("base64")}"`;
      const headers = pipeline.createHttpHeaders(refused ? { "www-authenticate": value } : {});
      return { request, status: refused ? 401 : 200, headers };
    },
  };
  const line = pipeline.createEmptyPipeline();
  line.addPolicy(pipeline.bearerTokenAuthenticationPolicy({ credential, scopes: scope }));
  const request = pipeline.createPipelineRequest({
    url: "https://vault.example/secrets",
    ...(abortSignal ? { abortSignal } : {}),
  });
  const { status } = await line.sendRequest(api, request);
  return { status, tokens };
}

describe("tokenCredential", () => {
  it("gives an Azure SDK pipeline the app's tokens, from the app's cache", async () => {
    const app = entra.confidential();
    const { status, tokens } = await send(tokenCredential(app));
    expect(status).toBe(200);
    expect(decodeJwt(tokens[0] ?? "")).toMatchObject({ aud: "https://vault.example", idtyp: "app" });
    // Another SDK client with the same app: no request.
    expect((await send(tokenCredential(app))).tokens).toEqual(tokens);
    expect(entra.tokenRequests()).toBe(1);
  });

  it("answers the pipeline's claims challenge", async () => {
    const { status, tokens } = await send(tokenCredential(entra.confidential()), 1);
    expect(status).toBe(200);
    expect(new Set(tokens).size).toBe(2);
    const asked = entra.authority.requests.filter(({ endpoint }) => endpoint === "token");
    expect(asked.map(({ form }) => form["claims"])).toEqual([undefined, claims]);
  });

  it("gives the tokens of a user, too", async () => {
    const app = entra.publicClient();
    const account = accountOf(await signInWithCode(entra, app, [scope]));
    const { tokens } = await send(tokenCredential(app, account));
    expect(decodeJwt(tokens[0] ?? "")).toMatchObject({ idtyp: "user", oid: account.localAccountId });
  });

  it("is given up when the SDK's signal aborts", async () => {
    const call = send(tokenCredential(entra.confidential()), 0, AbortSignal.abort());
    await expect(call).rejects.toMatchObject({ errorCode: "request_aborted" });
    expect(entra.tokenRequests()).toBe(0);
  });

  it("says until when a token is good, and when to renew it, in milliseconds", async () => {
    const token = await tokenCredential(entra.confidential()).getToken([scope]);
    const now = Math.floor(entra.clock.now() / 1000) * 1000;
    expect(token).toEqual({
      token: expect.any(String),
      expiresOnTimestamp: now + 3599_000,
      refreshAfterTimestamp: now + 600_000,
      tokenType: "Bearer",
    });
  });

  it("asks the tenant that the SDK found out", async () => {
    const daemon = {
      clientId: "c0c0c0c0-0000-4000-8000-0000000000a4",
      clientSecret: "contoso-daemon-secret",
    };
    const credential = tokenCredential(entra.confidential({ auth: daemon }));
    const { token } = await credential.getToken(scope, { tenantId: "fabrikam.example" });
    expect(decodeJwt(token)["tid"]).toBe("fabfabfa-0000-4000-8000-000000000000");
  });

  it("keeps to the SDK's timeout, and changes none of its options", async () => {
    entra.authority.fault({ match: "token", delayMs: 5000 });
    const options = Object.freeze({ requestOptions: Object.freeze({ timeout: 30 }) });
    const scopes = Object.freeze([scope]) as string[];
    const call = tokenCredential(entra.confidential()).getToken(scopes, options);
    await expect(call).rejects.toMatchObject({ errorCode: "request_timeout" });
  });
});
