// The document that makes a client known to every issuer is built without mistakes, and what a server would complain about in
// a published one is told. `oidc-provider` is asked the same: it takes what has no findings.
// proves: node/src/client-metadata-document.ts, node/src/client-metadata-rules.ts, node/src/check-client-metadata-document.ts
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  checkClientMetadataDocument,
  clientMetadataDocument,
  type ClientMetadataDocumentOptions,
} from "@tessera/node";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { scriptedNetwork } from "../support/scripted-network.js";

const url = "https://agent.example/client.json";
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const publicKeys = { keys: [publicKey.export({ format: "jwk" })] };
const privateKeys = { keys: [privateKey.export({ format: "jwk" })] };
const own: ClientMetadataDocumentOptions = {
  clientId: url,
  name: "Contoso agent",
  redirectUris: ["http://localhost", "com.example.agent:/back"],
};

describe("the document that is built", () => {
  test("is a native client's, without a secret", () => {
    expect(clientMetadataDocument({ ...own, scopes: ["tools", "files"] })).toEqual({
      client_id: url,
      client_name: "Contoso agent",
      redirect_uris: ["http://localhost", "com.example.agent:/back"],
      application_type: "native",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      scope: "tools files",
    });
  });

  test("is a web client's, with keys and whatever else is given", () => {
    const web = { ...own, redirectUris: ["https://agent.example/back"], jwks: publicKeys };
    expect(
      clientMetadataDocument({ ...web, metadata: { client_uri: "https://agent.example" } }),
    ).toMatchObject({
      application_type: "web",
      token_endpoint_auth_method: "private_key_jwt",
      jwks: publicKeys,
      client_uri: "https://agent.example",
    });
    const jwksUri = "https://agent.example/jwks.json";
    expect(clientMetadataDocument({ ...own, jwksUri })).toMatchObject({ jwks_uri: jwksUri });
  });

  test.each<[string, object, RegExp]>([
    ["no URL", { clientId: undefined }, /clientId/],
    ["http", { clientId: "http://agent.example/a" }, /clientId is not an https URL/],
    ["no path", { clientId: "https://agent.example" }, /clientId has no path/],
    ["a fragment", { clientId: `${url}#a` }, /clientId has a fragment/],
    ["user information", { clientId: "https://a:b@agent.example/c" }, /clientId has a user name/],
    ["dot segments", { clientId: "https://agent.example/a/../b" }, /clientId has dot segments/],
    ["another spelling", { clientId: "https://AGENT.example/a" }, /use https:\/\/agent.example\/a/],
    ["no name", { name: " " }, /name/],
    ["no redirect URI", { redirectUris: [] }, /redirectUris/],
    ["http to another host", { redirectUris: ["http://agent.example/a"] }, /neither https nor a loopback/],
    ["a relative redirect URI", { redirectUris: ["/back"] }, /not an absolute URI/],
    ["a redirect URI with a fragment", { redirectUris: ["https://a.example/#b"] }, /fragment/],
    ["a wildcard", { redirectUris: ["https://a.example/*"] }, /wildcard/],
    ["a scheme without a domain", { redirectUris: ["agent:/back"] }, /reverse order/],
    ["a private key", { jwks: privateKeys }, /private key/],
    ["keys twice", { jwks: publicKeys, jwksUri: "https://agent.example/jwks" }, /both given/],
  ])("is refused with %s", (_, wrong, message) => {
    expect(() => clientMetadataDocument({ ...own, ...wrong })).toThrow(message);
  });
});

const good = { ...clientMetadataDocument({ ...own, redirectUris: ["http://localhost"] }) };
const without = (...names: string[]): object =>
  Object.fromEntries(Object.entries(good).filter(([name]) => !names.includes(name)));

/** Each document, what is found in it, and whether `oidc-provider` sees it as well. */
const documents: readonly (readonly [string, object, RegExp | undefined, boolean?])[] = [
  ["a good document", good, undefined],
  ["one with keys", { ...good, token_endpoint_auth_method: "private_key_jwt", jwks: publicKeys }, undefined],
  ["another client_id", { ...good, client_id: "https://agent.example/other" }, /^client_id is not "https/],
  ["no client_id", without("client_id"), /^client_id /],
  ["a shared secret", { ...good, client_secret: "s3cret" }, /^client_secret is public/],
  [
    "a method with a secret",
    { ...good, token_endpoint_auth_method: "client_secret_post" },
    /^token_endpoint_/,
  ],
  ["no method", without("token_endpoint_auth_method"), /absent means client_secret_basic/],
  ["no redirect URI", { ...good, redirect_uris: [] }, /^redirect_uris /],
  ["http elsewhere", { ...good, redirect_uris: ["http://a.example/b"] }, /^redirect_uris .*neither https/],
  ["a fragment", { ...good, redirect_uris: ["https://a.example/b#c"] }, /^redirect_uris .*fragment/],
  ["a web app on this machine", { ...good, application_type: "web" }, /^redirect_uris .*native/, false],
  ["no keys", { ...good, token_endpoint_auth_method: "private_key_jwt" }, /^jwks is missing/],
  ["keys that are no set", { ...good, jwks: [] }, /^jwks is not a key set/],
  ["a logo that is not https", { ...good, logo_uri: "http://a.example/b.png" }, /^logo_uri /],
  ["contacts that are a string", { ...good, contacts: "a@b.example" }, /^contacts /],
  // What `oidc-provider` does not look at, other servers do.
  ["no name", without("client_name"), /^client_name /, false],
  ["a private key", { ...good, jwks: privateKeys }, /^jwks holds a private key/],
  ["a wildcard", { ...good, redirect_uris: ["https://a.example/*"], application_type: "web" }, /wildcard/],
  ["scopes in an array", { ...good, scope: ["a"] }, /^scope /],
];

describe("a published document", () => {
  let published: unknown;
  let provider: OpenIdProvider;
  beforeAll(async () => {
    provider = await startOpenIdProvider({
      configure: (configuration) => ({
        ...configuration,
        clientAuthMethods: ["none", "client_secret_post", "private_key_jwt"],
        features: {
          ...configuration.features,
          clientIdMetadataDocument: { enabled: true, ack: "draft-02", cacheDuration: { min: 0, max: 0 } },
        },
        fetch: async () => Response.json(published),
      }),
    });
  });
  afterAll(() => provider.close());

  /** Whether the provider knows the client, which has been read under a URL of its own. */
  async function isTaken(clientId: string): Promise<boolean> {
    const query = new URLSearchParams({
      client_id: clientId,
      response_type: "code",
      scope: "openid",
      redirect_uri: "http://localhost",
      code_challenge: "a".repeat(43),
      code_challenge_method: "S256",
    });
    const response = await fetch(`${provider.url}/auth?${query.toString()}`, { redirect: "manual" });
    return response.status === 303;
  }

  test.each(documents)("%s", async (name, document, expected, isSeen = true) => {
    const at = `https://agent.example/${encodeURIComponent(name)}`;
    const moved =
      "client_id" in document && document.client_id === url ? { ...document, client_id: at } : document;
    const network = scriptedNetwork({ [`GET ${at}`]: moved });
    const findings = await checkClientMetadataDocument(at, { system: { networkClient: network } });
    const lines = findings.map(({ member, problem }) => `${member} ${problem}`);
    if (expected === undefined) expect(lines).toEqual([]);
    else expect(lines).toEqual([expect.stringMatching(expected)]);
    published = moved;
    expect(await isTaken(at)).toBe(expected === undefined || !isSeen);
  });
});

describe("what is returned at the URL", () => {
  let server: Server;
  let answer: { status?: number; headers?: Record<string, string>; body?: string } = {};
  const origin = () => `http://localhost:${(server.address() as AddressInfo).port}`;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const { status = 200, headers = { "content-type": "application/json" }, body } = answer;
      const document = { ...good, client_id: `${origin()}/client.json` };
      response.writeHead(request.url === "/keys" ? 404 : status, headers);
      response.end(body ?? JSON.stringify(document));
    }).listen(0, "localhost");
    await once(server, "listening");
  });
  afterAll(() => void server.close());
  const check = () =>
    checkClientMetadataDocument(`${origin()}/client.json`, {
      system: { proxy: false, retries: 0 } as object,
    });

  test.each<[string, typeof answer, RegExp | undefined]>([
    ["the document", {}, undefined],
    ["a redirect", { status: 302, headers: { location: "/elsewhere" } }, /^url redirects/],
    ["an error", { status: 404, body: "{}" }, /^url returns HTTP 404/],
    ["a page", { body: "<html>" }, /^url returns something that is not a JSON object/],
    [
      "another content type",
      { headers: { "content-type": "text/plain" } },
      /^url has the content type "text\/plain"/,
    ],
  ])("%s", async (_, given, expected) => {
    answer = given;
    const lines = (await check()).map(({ member, problem }) => `${member} ${problem}`);
    expect(lines).toEqual(expected === undefined ? [] : [expect.stringMatching(expected)]);
  });

  test("a document that is too large, and keys that are not there", async () => {
    const id = `${origin()}/client.json`;
    const keys = { token_endpoint_auth_method: "private_key_jwt", jwks_uri: `${origin()}/keys` };
    answer = { body: JSON.stringify({ ...good, client_id: id, ...keys, about: "a".repeat(6000) }) };
    expect(await check()).toEqual([
      { member: "url", problem: expect.stringMatching(/more than 5120 bytes/) },
      { member: "jwks_uri", problem: expect.stringMatching(/returns HTTP 404/) },
    ]);
  });

  test("nothing, since the URL cannot be one, or nobody answers", async () => {
    expect(await checkClientMetadataDocument("https://agent.example/")).toEqual([
      { member: "url", problem: expect.stringMatching(/no path/) },
    ]);
    const [silent] = await checkClientMetadataDocument("http://localhost:1/client.json", {
      system: { proxy: false },
    });
    expect(silent?.problem).toMatch(/^cannot be read/);
    await expect(checkClientMetadataDocument(1 as unknown as string)).rejects.toThrow(/url/);
  });
});
