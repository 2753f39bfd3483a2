// proves: local-authority/src/config/regions.ts, local-authority/src/server/instance-metadata.ts
import { ConfidentialClientApplication } from "@azure/msal-node";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type App, type LocalAuthority, type Tenant } from "@tessera/local-authority";
import { decodeJwt } from "jose";
import type { LookupFunction } from "node:net";
import { Agent, request } from "undici";
import { get } from "./requests.js";

const graph = "https://graph.microsoft.com/.default";

let authority: LocalAuthority;
let tenant: Tenant;
let web: App;
let dispatcher: Agent;

/** `*.localhost` is this machine (RFC 6761 §6.3), which not every resolver knows. */
const lookup: LookupFunction = (_, options, callback) => {
  if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

beforeAll(async () => {
  authority = await startLocalAuthority({ instanceMetadata: { location: "westus2" } });
  [tenant] = authority.config.tenants as [Tenant];
  [web] = tenant.apps as [App];
  dispatcher = new Agent({ connect: { ca: authority.caPem, lookup }, pipelining: 0 });
});
afterAll(() => authority.close());

const send = async (
  url: string,
  method: "GET" | "POST" = "GET",
  headers: Record<string, string> = {},
  body?: string,
) => {
  const answer = await request(url, { dispatcher, method, headers, body });
  return { status: answer.statusCode, headers: {}, body: await answer.body.text() };
};

describe("a regional endpoint", () => {
  // parity: Endpoints | Regional token endpoints | entra same
  it("is where msal-node gets app tokens from; the journal shows its host", async () => {
    const client = new ConfidentialClientApplication({
      auth: {
        clientId: web.clientId,
        clientSecret: web.clientSecret,
        authority: authority.authorityUrl(),
        knownAuthorities: [new URL(authority.url).host],
      },
      system: {
        networkClient: {
          sendGetRequestAsync: async (url, options) => {
            const answer = await send(url, "GET", options?.headers);
            return { ...answer, body: JSON.parse(answer.body) };
          },
          sendPostRequestAsync: async (url, options) => {
            const answer = await send(url, "POST", options?.headers, options?.body);
            return { ...answer, body: JSON.parse(answer.body) };
          },
        },
      },
    });
    const result = await client.acquireTokenByClientCredential({ scopes: [graph], azureRegion: "westus2" });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({
      iss: authority.issuer(),
      azp: web.clientId,
    });
    expect(authority.requests.filter(({ endpoint }) => endpoint === "token")).toMatchObject([
      { host: `westus2.localhost:${authority.port}`, status: 200 },
    ]);
  });

  it.each([
    ["eastus", "client_credentials", 200],
    ["westeurope", "client_credentials", 200],
    ["westus2", "refresh_token", 400],
    ["westus2", "urn:ietf:params:oauth:grant-type:jwt-bearer", 400],
  ])("of %s answers %s with %d: it is for apps only", async (region, grantType, status) => {
    const form = new URLSearchParams({
      grant_type: grantType,
      client_id: web.clientId,
      client_secret: web.clientSecret ?? "",
      scope: graph,
    });
    const url = `https://${region}.localhost:${authority.port}/${tenant.id}/oauth2/v2.0/token`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await send(url, "POST", headers, form.toString());
    expect(answer.status).toBe(status);
    if (status === 400) expect(JSON.parse(answer.body)).toMatchObject({ error: "unsupported_grant_type" });
  });

  it("is in the certificate for every region of the public cloud and for the one that was configured", async () => {
    const own = await startLocalAuthority({ instanceMetadata: { location: "moonbase1" } });
    const agent = new Agent({ connect: { ca: own.caPem, lookup }, pipelining: 0 });
    const path = `/${tenant.id}/discovery/v2.0/keys`;
    for (const region of ["moonbase1", "eastus2", "swedencentral"]) {
      const answer = await request(`https://${region}.localhost:${own.port}${path}`, { dispatcher: agent });
      expect(answer.statusCode).toBe(200);
      await answer.body.dump();
    }
    await expect(
      request(`https://marsbase.localhost:${own.port}${path}`, { dispatcher: agent }),
    ).rejects.toThrow(/altnames/);
    await own.close();
  });
});

describe("instance metadata", () => {
  const compute = "/metadata/instance/compute";
  const ask = (path: string, headers: Record<string, string> = { Metadata: "true" }) =>
    send(`${String(authority.instanceMetadataUrl)}${path}`, "GET", headers);

  // parity: Endpoints | The metadata service that names the region | entra same
  it("tells the region as JSON and as text, in the journal too", async () => {
    const json = await ask(`${compute}?api-version=2021-02-01`);
    expect(JSON.parse(json.body)).toMatchObject({ location: "westus2" });
    const text = await ask(`${compute}/location?format=text&api-version=2021-01-01`);
    expect(text.body).toBe("westus2");
    const whole = await ask("/metadata/instance?api-version=2021-02-01");
    expect(JSON.parse(whole.body)).toMatchObject({ compute: { location: "westus2" } });
    expect(authority.requests.at(-1)).toMatchObject({
      endpoint: "instance-metadata",
      host: new URL(authority.instanceMetadataUrl ?? "").host,
    });
  });

  it.each([
    ["without the header", `${compute}?api-version=2021-02-01`, {}, 400, /metadata header/],
    ["without a version", `${compute}?format=json`, { Metadata: "true" }, 400, /newest-versions/],
    [
      "of an unknown version",
      `${compute}?api-version=1999-01-01`,
      { Metadata: "true" },
      400,
      /newest-versions/,
    ],
    ["of something else", "/metadata/other?api-version=2021-02-01", { Metadata: "true" }, 404, /Not found/],
    [
      "of one value as JSON",
      `${compute}/location?api-version=2021-02-01`,
      { Metadata: "true" },
      400,
      /format/,
    ],
  ])("is refused %s", async (_, path, headers, status, text) => {
    const answer = await ask(path, headers);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatch(text);
  });

  it("names the newest versions first, and those work", async () => {
    const { body } = await ask(`${compute}?format=json`);
    const [newest] = (JSON.parse(body) as Record<string, string[]>)["newest-versions"] ?? [];
    expect((await ask(`${compute}?api-version=${String(newest)}`)).status).toBe(200);
  });

  it("can fail like any other endpoint", async () => {
    const fault = authority.fault({ match: "instance-metadata", status: 503 });
    expect((await ask(`${compute}?api-version=2021-02-01`)).status).toBe(503);
    expect(fault.hits).toBe(1);
  });

  it("is there only when it is configured, and ends with the authority", async () => {
    const without = await startLocalAuthority({ http: true });
    expect(without.instanceMetadataUrl).toBeUndefined();
    await without.close();
    const own = await startLocalAuthority({ http: true, instanceMetadata: { location: "eastus" } });
    const url = `${String(own.instanceMetadataUrl)}${compute}?api-version=2021-02-01`;
    await own.close();
    await expect(send(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    for (const [field, instanceMetadata] of [
      ["instanceMetadata.location", {}],
      ["instanceMetadata.region", { location: "eastus", region: "eastus" }],
    ] as const) {
      const options: object = { instanceMetadata };
      await expect(startLocalAuthority(options)).rejects.toMatchObject({ field });
    }
  });

  it("is not part of the authority itself", async () => {
    expect((await get(authority, `${compute}?api-version=2021-02-01`, { Metadata: "true" })).status).toBe(
      404,
    );
  });
});
