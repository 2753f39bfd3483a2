// Entra's regional endpoints: which one, how it is found out, and that nothing fails when it is not.
// proves: core/src/authority/region.ts
import * as peer from "@azure/msal-node";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  type ClientCredentialRequest,
  type INetworkModule,
} from "@tessera/node";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const tenant = "c0c0c0c0-0000-4000-8000-000000000000";
const metadataPath = "http://169.254.169.254/metadata/instance/compute";

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly form: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}
type Answer = { readonly status: number; readonly body: object } | "nobody";

let sent: Sent[];
let clock: TestClock;
/** What the instance metadata service answers to each query, in turn. */
let metadata: Answer[];
/** Hosts whose token endpoint does not work. */
let down: readonly string[];
const environment = { ...process.env };

beforeEach(() => {
  sent = [];
  clock = createTestClock();
  metadata = [];
  down = [];
  for (const name of ["REGION_NAME", "MSAL_FORCE_REGION"]) delete process.env[name];
});
afterEach(() => {
  process.env = { ...environment };
});

/** The public cloud and its siblings, with an instance metadata service, scripted. */
function network(): INetworkModule {
  const answer = (url: URL): Answer => {
    if (url.href.startsWith(metadataPath)) return metadata.shift() ?? "nobody";
    if (url.pathname.endsWith("/token") && down.includes(url.host))
      return { status: 503, body: { error: "temporarily_unavailable" } };
    if (url.pathname.endsWith("/token"))
      return {
        status: 200,
        body: { access_token: `from ${url.host}`, token_type: "Bearer", expires_in: 3600 },
      };
    if (!url.pathname.endsWith("/openid-configuration")) return "nobody";
    const at = `${url.origin}/${tenant}`;
    const endpoints = {
      authorization_endpoint: `${at}/oauth2/v2.0/authorize`,
      jwks_uri: `${at}/discovery/v2.0/keys`,
    };
    return {
      status: 200,
      body: { issuer: `${at}/v2.0`, token_endpoint: `${at}/oauth2/v2.0/token`, ...endpoints },
    };
  };
  const respond = async <T>(
    method: string,
    url: string,
    options: { headers?: object; body?: string } = {},
  ) => {
    const form = Object.fromEntries(new URLSearchParams(options.body));
    sent.push({ method, url, form, headers: { ...options.headers } });
    const given = answer(new URL(url));
    if (given === "nobody") throw new Error(`nobody answers at ${url}`);
    return { status: given.status, headers: {}, body: given.body as T };
  };
  return {
    sendGetRequestAsync: (url, options) => respond("GET", url, options),
    sendPostRequestAsync: (url, options) => respond("POST", url, options),
  };
}

const createApp = (host = "login.microsoftonline.com") =>
  new ConfidentialClientApplication({
    auth: { clientId: "daemon", clientSecret: "s", authority: `https://${host}/${tenant}` },
    system: { networkClient: network(), clock },
  });
const ask = (app: ConfidentialClientApplication, over: ClientCredentialRequest = {}) =>
  app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"], ...over });
const posts = () => sent.filter(({ method }) => method === "POST");
const hosts = () => posts().map(({ url }) => new URL(url).host);
const asked = () => sent.filter(({ url }) => url.startsWith(metadataPath));
/** `{region used},{how it was found},{outcome}` of the last request. */
const telemetry = () =>
  posts().at(-1)?.form["x-client-current-telemetry"]?.split("|")[1]?.split(",").slice(2).join();

describe("a region that is named", () => {
  it.each([
    ["login.microsoftonline.com", "westus2", "westus2.login.microsoft.com"],
    ["login.windows.net", "westus2", "westus2.login.microsoft.com"],
    ["login.microsoftonline.com", " West US 2 ", "westus2.login.microsoft.com"],
    ["login.microsoftonline.us", "usgovvirginia", "usgovvirginia.login.microsoftonline.us"],
    ["login.partner.microsoftonline.cn", "chinaeast2", "chinaeast2.login.partner.microsoftonline.cn"],
  ])("of %s, %j, is the host %s", async (host, azureRegion, regional) => {
    const { accessToken } = await ask(createApp(host), { azureRegion });
    expect(accessToken).toBe(`from ${regional}`);
    const [url = ""] = posts().map((request) => request.url.split("?")[0]);
    expect(url).toBe(`https://${regional}/${tenant}/oauth2/v2.0/token`);
    expect(telemetry()).toMatch(/^\w+,,2$/);
    expect(asked()).toEqual([]);
  });

  it.each(["evil.example/", "a@evil.example", "-west", "west_us", "x".repeat(70), "#", "ünicode"])(
    "but is no host label is refused, and nothing is sent: %s",
    async (azureRegion) => {
      const refused = { errorCode: "invalid_option", message: expect.stringContaining(azureRegion) };
      await expect(ask(createApp(), { azureRegion })).rejects.toMatchObject(refused);
      process.env["MSAL_FORCE_REGION"] = azureRegion;
      await expect(ask(createApp())).rejects.toMatchObject(refused);
      expect(sent).toEqual([]);
    },
  );

  it.each(["East US", "west_us", "evil.example/"])(
    "but is no host label is refused by the peer as well: %s",
    async (azureRegion) => {
      const app = new peer.ConfidentialClientApplication({
        auth: {
          clientId: "peer",
          clientSecret: "the-secret",
          authority: `https://login.microsoftonline.com/${tenant}`,
        },
        system: { networkClient: network() },
      });
      const scopes = ["https://graph.microsoft.com/.default"];
      const asked = app.acquireTokenByClientCredential({ scopes, azureRegion });
      await expect(asked).rejects.toMatchObject({ errorCode: "endpoints_resolution_error" });
      expect(posts()).toEqual([]);
    },
  );

  it("and does not work is replaced by the global endpoint; when that fails as well, the call fails", async () => {
    down = ["westus2.login.microsoft.com"];
    const app = createApp();
    const { accessToken } = await ask(app, { azureRegion: "westus2" });
    expect(accessToken).toBe("from login.microsoftonline.com");
    expect(new Set(hosts())).toEqual(new Set(["westus2.login.microsoft.com", "login.microsoftonline.com"]));
    expect(telemetry()).toMatch(/^,,5$/);
    down = [...down, "login.microsoftonline.com"];
    await expect(ask(app, { azureRegion: "westus2", skipCache: true })).rejects.toMatchObject({
      status: 503,
    });
  });

  it("changes nothing of the cache: the token serves everywhere, and is kept under the global name", async () => {
    const app = createApp();
    const { accessToken } = await ask(app, { azureRegion: "westus2" });
    expect(await ask(app)).toMatchObject({ fromCache: true, accessToken });
    const { AccessToken } = JSON.parse(app.getTokenCache().serialize()) as {
      readonly AccessToken: Readonly<Record<string, { readonly environment: string }>>;
    };
    const environments = Object.values(AccessToken).map((entry) => entry.environment);
    expect(environments).toEqual(["login.windows.net"]);
  });
});

describe("TryAutoDetect", () => {
  const detect = (app = createApp(), over: ClientCredentialRequest = {}) =>
    ask(app, { azureRegion: "TryAutoDetect", skipCache: true, ...over });

  it("takes REGION_NAME, as the portal writes it", async () => {
    process.env["REGION_NAME"] = "East US";
    await detect();
    expect(hosts()).toEqual(["eastus.login.microsoft.com"]);
    expect(telemetry()).toBe("eastus,3,4");
    expect(asked()).toEqual([]);
  });

  it("asks the instance metadata service, once for all calls", async () => {
    metadata = [{ status: 200, body: { location: "westeurope" } }];
    const app = createApp();
    await detect(app);
    expect(telemetry()).toBe("westeurope,4,4");
    await detect(app);
    expect(telemetry()).toBe("westeurope,2,4");
    expect(hosts()).toEqual(["westeurope.login.microsoft.com", "westeurope.login.microsoft.com"]);
    expect(asked()).toHaveLength(1);
    expect(asked()[0]).toMatchObject({ headers: { Metadata: "true" } });
    expect(asked()[0]?.url).toMatch(/\?api-version=\d{4}-\d\d-\d\d$/);
  });

  it("asks again in the version that the service knows", async () => {
    metadata = [
      { status: 400, body: { error: "Bad request" } },
      { status: 400, body: { error: "Bad request", "newest-versions": ["2030-01-01", "2029-01-01"] } },
      { status: 200, body: { location: "northeurope" } },
    ];
    await detect();
    expect(hosts()).toEqual(["northeurope.login.microsoft.com"]);
    expect(asked().at(-1)?.url).toContain("api-version=2030-01-01");
  });

  it.each<[string, () => Answer[]]>([
    ["answers", () => []],
    ["knows the region", () => [{ status: 200, body: {} }]],
    ["gives a region that could be one", () => [{ status: 200, body: { location: "evil.example/" } }]],
    ["is well", () => [{ status: 500, body: {} }]],
    [
      "says which version it knows",
      () => [
        { status: 400, body: {} },
        { status: 400, body: {} },
      ],
    ],
  ])(
    "stays at the global endpoint when nobody %s, without an error, and does not ask again at once",
    async (_, answers) => {
      metadata = answers();
      const app = createApp();
      await detect(app);
      expect(hosts()).toEqual(["login.microsoftonline.com"]);
      expect(telemetry()).toBe(",1,5");
      const before = asked().length;
      await detect(app);
      expect(asked()).toHaveLength(before);
      clock.advance(300);
      metadata = [{ status: 200, body: { location: "westus" } }];
      await detect(app);
      expect(hosts().at(-1)).toBe("westus.login.microsoft.com");
    },
  );

  it("asks the metadata service once, however many tokens are wanted at once", async () => {
    metadata = [{ status: 200, body: { location: "westus" } }];
    const app = createApp();
    const calls = Array.from({ length: 20 }, (_, index) =>
      detect(app, { scopes: [`https://r${index}.example/.default`] }),
    );
    await Promise.all(calls);
    expect(asked()).toHaveLength(1);
    expect(new Set(hosts())).toEqual(new Set(["westus.login.microsoft.com"]));
  });

  it("is left when the caller leaves", async () => {
    await expect(detect(createApp(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      errorCode: "request_aborted",
    });
    expect(asked()).toEqual([]);
  });
});

describe("MSAL_FORCE_REGION", () => {
  it.each<[string, ClientCredentialRequest, string]>([
    ["names the region of every request", {}, "eastus.login.microsoft.com"],
    ["gives way to a request's own region", { azureRegion: "westus" }, "westus.login.microsoft.com"],
    [
      "can be switched off by a request",
      { azureRegion: "DisableMsalForceRegion" },
      "login.microsoftonline.com",
    ],
  ])("%s", async (_, over, host) => {
    process.env["MSAL_FORCE_REGION"] = "eastus";
    await ask(createApp(), over);
    expect(hosts()).toEqual([host]);
  });

  it("is not heeded when it is empty", async () => {
    process.env["MSAL_FORCE_REGION"] = "";
    await ask(createApp());
    expect(hosts()).toEqual(["login.microsoftonline.com"]);
    expect(telemetry()).toBe(",,");
  });
});
