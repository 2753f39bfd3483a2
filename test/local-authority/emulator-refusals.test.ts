// An emulated host refuses what the real one refuses, with the real one's status and body.
// proves: local-authority/src/emulator/asked-identity.ts, local-authority/src/emulator/token-fields.ts,
// local-authority/src/emulator/emulated-host.ts
import { describe, expect, it } from "@jest/globals";
import type { HostName } from "@tessera/local-authority";
import { inHost } from "./emulated-clients.js";
import { client, host, network, resource, send } from "./emulated-hosts.js";

describe("a request is refused", () => {
  const vault = `resource=${resource}`;
  const metadata = { Metadata: "true" };
  const header = (name: HostName, variable: string, field: string) => ({
    [field]: host(name).environment[variable] ?? "",
  });
  const appHeader = () => header("app-service", "IDENTITY_HEADER", "X-IDENTITY-HEADER");
  const mlHeader = () => header("machine-learning", "MSI_SECRET", "secret");
  const nobody = "00000000-0000-0000-0000-000000000000";
  const elsewhere = "resource=https://elsewhere.example";
  const rows: readonly [HostName, string, string, () => Record<string, string>, number, object][] = [
    [
      "imds",
      "without its header",
      `?api-version=2018-02-01&${vault}`,
      () => ({}),
      400,
      { error: "bad_request_102" },
    ],
    ["imds", "without a version", `?${vault}`, () => metadata, 400, { error: "invalid_request" }],
    [
      "imds",
      "without a resource",
      "?api-version=2018-02-01",
      () => metadata,
      400,
      { error: "invalid_request", error_description: "Required query variable 'resource' is missing" },
    ],
    [
      "imds",
      "for an unknown identity",
      `?api-version=2018-02-01&${vault}&client_id=${nobody}`,
      () => metadata,
      400,
      { error: "invalid_request", error_description: "Identity not found" },
    ],
    [
      "imds",
      "for two identities",
      `?api-version=2018-02-01&${vault}&client_id=a&object_id=b`,
      () => metadata,
      400,
      { error: "invalid_request" },
    ],
    [
      "imds",
      "for an unknown resource",
      `?api-version=2018-02-01&${elsewhere}`,
      () => metadata,
      400,
      { error: "invalid_resource", error_description: expect.stringContaining("AADSTS500011") },
    ],
    [
      "app-service",
      "without its header",
      `?api-version=2019-08-01&${vault}`,
      () => ({}),
      401,
      { statusCode: 401 },
    ],
    [
      "app-service",
      "with a wrong secret",
      `?api-version=2019-08-01&${vault}`,
      () => ({ "X-IDENTITY-HEADER": "x" }),
      401,
      { statusCode: 401 },
    ],
    [
      "app-service",
      "for another version",
      `?api-version=2017-09-01&${vault}`,
      appHeader,
      400,
      { statusCode: 400 },
    ],
    ["app-service", "without a resource", "?api-version=2019-08-01", appHeader, 400, { statusCode: 400 }],
    [
      "app-service",
      "for an unknown identity",
      `?api-version=2019-08-01&${vault}&mi_res_id=x`,
      appHeader,
      400,
      {
        statusCode: 400,
        message: expect.stringContaining("No User Assigned or Delegated Managed Identity found"),
        correlationId: expect.any(String),
      },
    ],
    [
      "app-service",
      "for two identities",
      `?api-version=2019-08-01&${vault}&principal_id=a&object_id=b`,
      appHeader,
      400,
      { statusCode: 400 },
    ],
    [
      "app-service",
      "for an unknown resource",
      `?api-version=2019-08-01&${elsewhere}`,
      appHeader,
      400,
      { message: expect.stringContaining("AADSTS500011") },
    ],
    [
      "machine-learning",
      "without its secret",
      `?api-version=2017-09-01&${vault}`,
      () => ({}),
      401,
      { statusCode: 401 },
    ],
    [
      "machine-learning",
      "for an unknown identity",
      `?api-version=2017-09-01&${vault}&clientid=${nobody}`,
      mlHeader,
      400,
      { statusCode: 400 },
    ],
  ];
  // parity: Managed identities | The refusals of each host | entra same
  it.each(rows)("by %s %s", async (name, _, query, headers, status, body) => {
    const answer = await send(name, query, headers());
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject(body);
  });

  it.each([
    ["without its header", {}, resource, "bad_request_102"],
    ["without a resource", metadata, "", "InvalidRequest"],
    ["for an unknown resource", metadata, "https://elsewhere.example", "AudienceNotSupported"],
  ])("by cloud-shell %s", async (_, headers, asked, code) => {
    const answer = await send("cloud-shell", "", headers, `resource=${asked}`);
    expect(answer).toMatchObject({ status: 400, json: { error: { code } } });
  });

  const fabric: readonly [string, string, Record<string, string>, number, string][] = [
    ["without a secret", `?api-version=2019-07-01-preview&${vault}`, {}, 400, "SecretHeaderNotFound"],
    [
      "with a wrong secret",
      `?api-version=2019-07-01-preview&${vault}`,
      { secret: "x" },
      404,
      "ManagedIdentityNotFound",
    ],
    [
      "for another version",
      `?api-version=2018-02-01&${vault}`,
      { secret: "right" },
      400,
      "InvalidApiVersion",
    ],
    [
      "without a resource",
      "?api-version=2019-07-01-preview",
      { secret: "right" },
      400,
      "ArgumentNullOrEmpty",
    ],
  ];
  it.each(fabric)("by service-fabric %s", async (_, query, { secret }, status, code) => {
    const { environment } = host("service-fabric");
    const right = environment["IDENTITY_HEADER"] ?? "";
    const answer = await network.sendGetRequestAsync<object>(
      `${environment["IDENTITY_ENDPOINT"] ?? ""}${query}`,
      {
        headers: secret === undefined ? {} : { secret: secret === "right" ? right : secret },
      },
    );
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      error: { code, message: expect.any(String), correlationId: expect.any(String) },
    });
  });

  it("at another path or by another method, and from a web page", async () => {
    const { url } = host("imds");
    expect((await fetch(`${url}/metadata/instance`)).status).toBe(404);
    expect((await fetch(`${url}/metadata/identity/oauth2/token`, { method: "POST" })).status).toBe(405);
    const origin = "https://attacker.example";
    expect((await fetch(`${url}/metadata/identity/oauth2/token`, { headers: { origin } })).status).toBe(403);
  });

  it("and msal-node reports it", async () => {
    const unknown = { userAssignedClientId: nobody };
    const failure = {
      errorCode: "invalid_request",
      errorMessage: expect.stringContaining("Identity not found"),
    };
    await expect(
      inHost(host("imds"), () => client(unknown).acquireToken({ resource })),
    ).rejects.toMatchObject(failure);
  });
});
