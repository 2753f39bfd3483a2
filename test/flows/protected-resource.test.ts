// A protected resource says which authorization servers it trusts (RFC 9728), and is believed about itself only.
// proves: core/src/endpoints/protected-resource.ts, node/src/protected-resource.ts, node/src/without-application.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { discoverProtectedResource } from "@tessera/node";
import { scriptedNetwork } from "../support/scripted-network.js";

const asked: string[] = [];
let documents: Readonly<Record<string, { readonly status?: number; readonly body: unknown }>> = {};
const server = createServer((request, response) => {
  const url = request.url ?? "";
  asked.push(url);
  const found = documents[url];
  const location = found?.status === 302 ? { location: `${origin}/elsewhere` } : {};
  response.writeHead(found ? (found.status ?? 200) : 404, {
    "content-type": "application/json",
    ...location,
  });
  response.end(typeof found?.body === "string" ? found.body : JSON.stringify(found?.body ?? {}));
});
let origin = "";
beforeAll(async () => {
  server.listen(0, "localhost");
  await once(server, "listening");
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked.length = 0;
  documents = {};
});
afterAll(() => void server.close());

const system = { proxy: false } as const;
const WELL_KNOWN = "/.well-known/oauth-protected-resource";
const issuer = "https://idp.example/main";
const about = (path: string, over: object = {}) => ({
  body: {
    resource: `${origin}${path}`,
    authorization_servers: [issuer],
    scopes_supported: ["read", "write"],
    ...over,
  },
});
const discover = (path: string, challenge?: string, url?: string) => {
  const headers = new Headers(challenge === undefined ? {} : { "www-authenticate": challenge });
  const response = challenge === undefined ? {} : { response: { headers, ...(url ? { url } : {}) } };
  return discoverProtectedResource({ resource: `${origin}${path}`, system, ...response });
};

test.each([
  ["/mcp", `${WELL_KNOWN}/mcp`],
  ["/a/b?tenant=1", `${WELL_KNOWN}/a/b?tenant=1`],
  ["", WELL_KNOWN],
  ["/", WELL_KNOWN],
])("the document of %s is at the well-known URL with its path inserted", async (path, document) => {
  documents = { [document]: about(path) };
  expect(await discover(path)).toEqual({
    resource: `${origin}${path}`,
    authorizationServers: [issuer],
    scopes: ["read", "write"],
    metadata: documents[document]?.body,
  });
  expect(asked).toEqual([document]);
});

test("without it, the one at the origin counts, if it is about the resource", async () => {
  documents = { [WELL_KNOWN]: about("/mcp", { scopes_supported: undefined }) };
  expect(await discover("/mcp")).toMatchObject({ authorizationServers: [issuer] });
  expect(asked).toEqual([`${WELL_KNOWN}/mcp`, WELL_KNOWN]);
  documents = { [WELL_KNOWN]: about("/") };
  await expect(discover("/mcp")).rejects.toMatchObject({ errorCode: "invalid_resource_metadata" });
});

test("a challenge names the document and the scopes, among other challenges", async () => {
  documents = { "/custom": about("/mcp") };
  const challenge = `Basic realm="a, b", Bearer error="invalid_token", scope="orders:read", resource_metadata="${origin}/custom"`;
  expect(await discover("/mcp", challenge)).toMatchObject({ scopes: ["orders:read"] });
  expect(asked).toEqual(["/custom"]);
});

test("a challenge without a document leaves the well-known URL, and its scopes count", async () => {
  documents = { [`${WELL_KNOWN}/mcp`]: about("/mcp") };
  expect(await discover("/mcp", 'DPoP scope="orders:read"')).toMatchObject({ scopes: ["orders:read"] });
});

test("the challenge of a server to which the resource has redirected is not its own", async () => {
  documents = { [`${WELL_KNOWN}/mcp`]: about("/mcp") };
  const challenge = `Bearer scope="evil", resource_metadata="${origin}/custom"`;
  expect(await discover("/mcp", challenge, "https://evil.example/")).toMatchObject({
    scopes: ["read", "write"],
  });
});

describe("a document that cannot be used", () => {
  test.each<[string, () => object | string, number?]>([
    ["is about another resource", () => about("/other").body],
    ["is about a parent of the resource", () => about("/").body],
    ["is about the same URL with another slash", () => about("/mcp/").body],
    ["is about no resource", () => about("/mcp", { resource: undefined }).body],
    ["names servers that are no list", () => about("/mcp", { authorization_servers: issuer }).body],
    ["names scopes that are no list", () => about("/mcp", { scopes_supported: "read" }).body],
    ["is a page", () => "<html>"],
    ["is on a server that is down", () => "", 503],
    ["is elsewhere: a redirect is not followed", () => "", 302],
  ])("%s", async (_, body, status = 200) => {
    documents = { [`${WELL_KNOWN}/mcp`]: { status, body: body() } };
    await expect(discover("/mcp")).rejects.toMatchObject({ errorCode: "invalid_resource_metadata" });
    expect(asked).not.toContain("/elsewhere");
  });

  test.each([
    ["https://evil.example/metadata"],
    ["http://localhost:1/metadata"],
    ["/relative"],
    ["http://user:secret@localhost/metadata"],
  ])("is named by the challenge at %s, which is asked nothing", async (url) => {
    const challenge = `Bearer resource_metadata="${url}"`;
    await expect(discover("/mcp", challenge)).rejects.toMatchObject({
      errorCode: "invalid_resource_metadata",
    });
    expect(asked).toEqual([]);
  });

  test.each([
    ["http://idp.example", "authority_uri_insecure"],
    ["http://localhost:1", "authority_uri_insecure"],
    ["https://localhost:1", "invalid_resource_metadata"],
    ["https://127.0.0.1", "invalid_resource_metadata"],
    ["not a URL", "url_parse_error"],
  ])("sends the app from the network to %s", async (server, errorCode) => {
    const resource = "https://api.example/mcp";
    const networkClient = scriptedNetwork({
      [`GET https://api.example${WELL_KNOWN}/mcp`]: { resource, authorization_servers: [server] },
    });
    await expect(discoverProtectedResource({ resource, system: { networkClient } })).rejects.toMatchObject({
      errorCode,
    });
  });
});

test.each<[string, unknown, string]>([
  ["plain http", "http://api.example/", "authority_uri_insecure"],
  ["a fragment", "https://api.example/#a", "invalid_option"],
  ["a user name", "https://user@api.example/", "invalid_option"],
  ["no URL", "api", "url_parse_error"],
  ["no text", 1, "invalid_option"],
])("a resource with %s is refused before anything is sent", async (_, resource, errorCode) => {
  const call = discoverProtectedResource({ resource: resource as string, system });
  await expect(call).rejects.toMatchObject({ errorCode });
});
