// proves: core/src/flows/username-password.ts, core/src/flows/ws-trust/user-realm.ts, core/src/flows/ws-trust/federation-url.ts, core/src/flows/ws-trust/metadata.ts, core/src/http/private-host.ts
// A password goes only where the home realm was clearly told.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import * as peer from "@azure/msal-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";
import { recordedNetwork, type RecordedNetwork } from "../support/recorded-network.js";

const username = "grace@partner.example";
const password = "the-password-of-grace-0123456789";
const scopes = ["openid"];
const managed = JSON.stringify({ account_type: "Managed" });
const federated = {
  account_type: "Federated",
  federation_protocol: "WSTrust",
  federation_metadata_url: "https://adfs.partner.example/adfs/services/trust/mex",
  federation_active_auth_url: "https://adfs.partner.example/adfs/services/trust/2005/usernamemixed",
};

/** The error of a call that has to fail. */
const failed = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => Promise.reject(new Error("the call did not fail")),
    (error: unknown) => error,
  );

describe("over HTTP", () => {
  interface Realm {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Buffer;
  }
  let server: Server;
  let origin: string;
  let realm: Realm;
  let requests: { readonly path: string; readonly body: string }[];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const path = (request.url ?? "").split("?", 1)[0] ?? "";
        requests.push({ path, body: Buffer.concat(chunks).toString() });
        const answer = path.startsWith("/common/userrealm/") ? realm : { body: managed };
        response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
      });
    }).listen(0, "localhost");
    await once(server, "listening");
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    requests = [];
  });
  afterAll(() => void server.close());

  function application(): PublicClientApplication {
    const authority = `${origin}/contoso.example`;
    const authorityMetadata = JSON.stringify({
      issuer: `${authority}/v2.0`,
      authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
      token_endpoint: `${authority}/oauth2/v2.0/token`,
      jwks_uri: `${authority}/discovery/v2.0/keys`,
    });
    return new PublicClientApplication({
      auth: { clientId: "the-client", authority, authorityMetadata },
      system: { proxy: false, retries: 0 },
    });
  }
  const json = (body: unknown): Realm => ({
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

  test.each<[string, Realm, string]>([
    ["HTTP 204", { status: 204 }, "HTTP 204"],
    ["a redirect", { status: 302, headers: { location: "/managed" } }, "HTTP 302"],
    ["a redirect that keeps the method", { status: 307, headers: { location: "/managed" } }, "HTTP 307"],
    ["HTTP 400", { status: 400, body: managed }, "HTTP 400"],
    ["HTTP 401", { status: 401, body: managed }, "HTTP 401"],
    ["HTTP 403", { status: 403, body: managed }, "HTTP 403"],
    ["HTTP 407", { status: 407, body: managed }, "HTTP 407"],
    ["HTTP 408", { status: 408, body: managed }, "HTTP 408"],
    ["HTTP 410", { status: 410, body: managed }, "HTTP 410"],
    ["HTTP 429", { status: 429, headers: { "retry-after": "1" } }, "HTTP 429"],
    ["HTTP 500", { status: 500, body: managed }, "HTTP 500"],
    ["HTTP 502", { status: 502, body: "<html>" }, "HTTP 502"],
    ["HTTP 503", { status: 503 }, "HTTP 503"],
    ["HTTP 504", { status: 504 }, "HTTP 504"],
    ["a page", { headers: { "content-type": "text/html" }, body: "<html>Welcome</html>" }, "text/html"],
    ["nothing", { body: "" }, "an empty body"],
    ["space", { body: " \r\n" }, "an empty body"],
    ["half a document", { body: managed.slice(0, -1) }, "HTTP 200"],
    [
      "gzip of half a document",
      { headers: { "content-encoding": "gzip" }, body: gzipSync(managed.slice(0, -1)) },
      "HTTP 200",
    ],
    ["UTF-16", { body: Buffer.from(managed, "utf16le") }, "HTTP 200"],
    ["a list", json([{ account_type: "Managed" }]), "HTTP 200"],
    ["null", json(null), "HTTP 200"],
    ["a string", json("Managed"), "HTTP 200"],
    ["no account type", json({}), 'account_type ""'],
    ["an account type in a list", json({ account_type: ["Managed"] }), 'account_type ""'],
    ["an unknown user", json({ account_type: "Unknown" }), 'account_type "Unknown"'],
    ["control characters", json({ account_type: "M\u001b[2J\n" }), 'account_type "M?[2J?"'],
    ["no protocol", json({ account_type: "Federated" }), 'federation_protocol ""'],
    ["SAML", json({ ...federated, federation_protocol: "SAMLP" }), 'federation_protocol "SAMLP"'],
  ])("after %s from realm discovery, nothing is sent", async (_, answer, told) => {
    realm = answer;
    const app = application();
    const error = await failed(app.acquireTokenByUsernamePassword({ scopes, username, password }));
    expect(error).toMatchObject({
      name: "ClientAuthError",
      errorCode: "user_realm_discovery_failed",
      errorMessage: expect.stringContaining(told),
      correlationId: expect.stringMatching(/./),
    });
    expect((error as Error).message).toMatch(/not sent.*(try again|sign in)/);
    expectNoSecretIn(error, [password, username, "grace"]);
    expect(requests).toEqual([{ path: "/common/userrealm/grace%40partner.example", body: "" }]);
    await expectNothingKept(app);
  });

  test.each([408, 429, 503])(
    "HTTP %d from realm discovery may pass, and its pause is told",
    async (status) => {
      realm = { status, headers: { "retry-after": "7" } };
      const error = await failed(
        application().acquireTokenByUsernamePassword({ scopes, username, password }),
      );
      expect(error).toMatchObject({ isRetryable: true, attempts: 1, retryAfterSeconds: 7 });
    },
  );

  test.each<[string, Realm]>([
    ["the answer Managed", json({ account_type: "Managed" })],
    [
      "the answer Managed, in gzip that nobody asked for",
      { headers: { "content-encoding": "gzip" }, body: gzipSync(managed) },
    ],
    ["HTTP 404, from a host without realms", { status: 404, body: "<html>" }],
  ])("after %s, the password goes to the token endpoint", async (_, answer) => {
    realm = answer;
    await failed(application().acquireTokenByUsernamePassword({ scopes, username, password }));
    expect(requests.map(({ path }) => path)).toEqual([
      "/common/userrealm/grace%40partner.example",
      "/contoso.example/oauth2/v2.0/token",
    ]);
    expect(requests[1]?.body).toContain(password);
  });
});

/** What the world answers: the realm, the metadata, and nothing that is good for a token. */
function world(realm: unknown, metadata = ""): RecordedNetwork {
  return recordedNetwork(({ line }) => {
    if (line.includes("/common/userrealm/")) return { body: realm };
    if (line.endsWith("/mex")) return metadata ? { body: metadata } : { status: 404, body: "" };
    if (line.includes("/usernamemixed")) return { status: 307, body: "" };
    return { status: 400, body: { error: "invalid_grant" } };
  });
}

function signIn(
  networkClient: RecordedNetwork,
  authority = "https://login.microsoftonline.com/contoso.example",
): Promise<unknown> {
  const authorityMetadata = JSON.stringify({
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
  });
  const app = new PublicClientApplication({
    auth: {
      clientId: "the-client",
      authority,
      authorityMetadata,
      knownAuthorities: [new URL(authority).host],
    },
    system: { networkClient },
  });
  return failed(app.acquireTokenByUsernamePassword({ scopes, username, password }));
}

/** The requests that carried the password. */
const withPassword = ({ requests }: RecordedNetwork): readonly string[] =>
  requests.filter(({ form }) => form.toString().includes(password)).map(({ line }) => line);

/** Metadata whose endpoint for user name and password is at an address. */
const metadataFor = (address: string): string => `<wsdl:definitions>
  <wsp:Policy wsu:Id="p"><sp:TransportBinding/><sp:UsernameToken/></wsp:Policy>
  <wsdl:binding name="b"><wsp:PolicyReference URI="#p"/>
    <wsdl:operation><soap:operation soapAction="http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue"/></wsdl:operation>
  </wsdl:binding>
  <wsdl:port binding="tns:b"><a:Address>${address}</a:Address></wsdl:port>
</wsdl:definitions>`;

describe("what a realm names for a password", () => {
  const refused = [
    "http://adfs.partner.example",
    "ftp://adfs.partner.example",
    "https://localhost",
    "https://LOCALHOST.",
    "https://adfs.localhost",
    "https://ADFS.localhost.:8443",
    "https://ｌｏｃａｌｈｏｓｔ",
    "http://localhost",
    "https://127.0.0.1",
    "https://127.1",
    "https://127.0.0.1.",
    "https://2130706433",
    "https://0x7f000001",
    "https://0177.0.0.1",
    "https://①②⑦.0.0.1",
    "https://%31%32%37.0.0.1",
    "https://adfs.partner.example@127.0.0.1",
    "https://0.0.0.0",
    "https://0",
    "https://10.1.2.3",
    "https://172.16.0.1",
    "https://172.31.255.255",
    "https://192.168.1.1",
    "https://3232235777",
    "https://169.254.169.254",
    "https://100.64.0.1",
    "https://198.18.0.1",
    "https://192.0.0.192",
    "https://224.0.0.1",
    "https://255.255.255.255",
    "https://[::1]",
    "https://[0:0:0:0:0:0:0:1]",
    "https://[::]",
    "https://[::127.0.0.1]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:a9fe:a9fe]",
    "https://[64:ff9b::10.0.0.1]",
    "https://[64:ff9b:1::1]",
    "https://[2002:7f00:1::]",
    "https://[fc00::1]",
    "https://[fd12:3456:789a::1]",
    "https://[fe80::1]",
    "https://[febf::1]",
    "https://[fec0::1]",
    "https://[ff02::1]",
    "https://[",
    "adfs.partner.example",
  ];
  const members: readonly [string, (place: string) => RecordedNetwork][] = [
    ["federation_metadata_url", (it) => world({ ...federated, federation_metadata_url: `${it}/mex` })],
    [
      "federation_active_auth_url",
      (it) =>
        world({
          ...federated,
          federation_metadata_url: "",
          federation_active_auth_url: `${it}/usernamemixed`,
        }),
    ],
    ["the WS-Trust endpoint", (it) => world(federated, metadataFor(`${it}/usernamemixed`))],
  ];

  test.each(members)(
    "%s is never on this machine, in a private network, or in clear",
    async (field, make) => {
      for (const place of refused) {
        const network = make(place);
        const error = await signIn(network);
        expect([place, error]).toMatchObject([
          place,
          {
            name: "ClientConfigurationError",
            errorCode: expect.stringMatching(/^(authority_uri_insecure|url_parse_error)$/),
            errorMessage: expect.stringContaining(field),
          },
        ]);
        // Also not to the other place that the realm names.
        expect([place, withPassword(network)]).toEqual([place, []]);
        const expected = field === "the WS-Trust endpoint" ? ["GET", "GET"] : ["GET"];
        expect([place, network.lines().map((line) => line.split(" ")[0])]).toEqual([place, expected]);
      }
    },
  );

  const accepted = [
    "https://adfs.partner.example",
    "https://adfs.partner.example.:8443",
    "https://localhost.partner.example",
    "https://notlocalhost",
    "https://11.0.0.1",
    "https://172.15.255.255",
    "https://172.32.0.1",
    "https://100.128.0.1",
    "https://192.169.0.1",
    "https://198.20.0.1",
    "https://223.255.255.255",
    "https://[2600:1f18::1]",
    "https://[::ffff:8.8.8.8]",
    "https://[2002:808:808::]",
  ];
  test.each(members)("%s may be any other https URL, which alone gets the password", async (field, make) => {
    for (const place of accepted) {
      const network = make(place);
      await expect(signIn(network)).resolves.toMatchObject({ errorCode: "federation_error" });
      const home = field === "federation_metadata_url" ? federated.federation_active_auth_url : place;
      expect(withPassword(network)).toEqual([expect.stringContaining(new URL(home).host)]);
    }
  });

  test.each([
    ["https://10.0.0.5/contoso.example", "https://10.0.0.6"],
    ["https://localhost/contoso.example", "https://localhost:8443"],
    ["https://[fd00::1]/contoso.example", "https://192.168.0.1"],
  ])("of the authority %s may be %s: it is private itself", async (authority, place) => {
    const network = world({
      ...federated,
      federation_metadata_url: "",
      federation_active_auth_url: `${place}/usernamemixed`,
    });
    await expect(signIn(network, authority)).resolves.toMatchObject({ errorCode: "federation_error" });
    expect(withPassword(network)).toEqual([`POST ${place}/usernamemixed`]);
  });

  test("without any place for a password, it is not sent", async () => {
    const network = world({ account_type: "Federated", federation_protocol: "WSTrust" });
    await expect(signIn(network)).resolves.toMatchObject({ errorCode: "federation_error" });
    expect(withPassword(network)).toEqual([]);
  });

  test("a federation server that sends it elsewhere is not followed, nor is the token endpoint asked", async () => {
    const network = world(federated);
    await expect(signIn(network)).resolves.toMatchObject({ errorCode: "federation_error" });
    expect(withPassword(network)).toEqual([`POST ${federated.federation_active_auth_url}`]);
    expect(network.lines().filter((line) => line.endsWith("/token"))).toEqual([]);
  });
});

test("@azure/msal-node asks nobody, and sends a federated user's password to the token endpoint", async () => {
  const network = world(federated);
  const authority = "https://login.microsoftonline.com/contoso.example";
  const app = new peer.PublicClientApplication({
    auth: { clientId: "the-client", authority },
    system: { networkClient: network },
  });
  await failed(app.acquireTokenByUsernamePassword({ scopes, username, password }));
  expect(withPassword(network)).toEqual([expect.stringMatching(/^POST .*\/contoso\.example\/.*token/)]);
  expect(network.lines().join()).not.toContain("userrealm");
});
