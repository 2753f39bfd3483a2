// A token goes to the resource that it was issued for, and to nothing else that a hostile server leads to.
// proves: node/src/resource/create-resource-fetch.ts, node/src/resource/known-resource.ts, node/src/resource/discover-resource.ts
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createResourceFetch } from "@tessera/node";
import { startFakeIssuer, type FakeIssuer } from "../support/fake-issuer.js";
import { startResource, type TestResource } from "../support/protected-resource.js";

let issuer: FakeIssuer;
let resource: TestResource;
let elsewhere: TestResource;
let fetch: typeof globalThis.fetch;
beforeEach(async () => {
  issuer = await startFakeIssuer();
  resource = await startResource(issuer.url);
  elsewhere = await startResource(issuer.url);
  fetch = createResourceFetch({
    client: { name: "Agent" },
    openBrowser: issuer.openBrowser,
    system: { proxy: false },
  });
});
afterEach(() => Promise.all([issuer.close(), resource.close(), elsewhere.close()]));

const tokensAt = ({ requests }: TestResource, path?: string) =>
  requests.filter((request) => path === undefined || request.path === path).map(({ token }) => token);
const redirect = (from: string, location: string, status: number) => {
  resource.reply = ({ path }) => (path === from ? { status, headers: { location } } : undefined);
};

describe.each([301, 302, 303, 307, 308])("along a redirect (%d) a token does not go", (status) => {
  test("to another origin, whose challenge is not answered", async () => {
    await fetch(resource.url);
    redirect("/mcp/away", elsewhere.url, status);
    expect((await fetch(`${resource.url}/away`)).status).toBe(401);
    expect(elsewhere.calls()).toHaveLength(1);
    expect(tokensAt(elsewhere)).toEqual([undefined]);
    expect(issuer.visits).toHaveLength(1);
  });

  test("to another resource of the same origin", async () => {
    await fetch(resource.url);
    redirect("/mcp/away", "/other", status);
    await fetch(`${resource.url}/away`, { redirect: "follow" }).catch(() => undefined);
    expect(tokensAt(resource, "/mcp/away")[0]).toBeDefined();
    expect(tokensAt(resource, "/other").filter(Boolean)).toEqual([]);
  });
});

test.each(["/mcp2", "/mcpx/tools", "/", "/MCP", "/mcp%2ftools", "/mcp/../other"])(
  "not to %s, which is not below the resource",
  async (path) => {
    await fetch(resource.url);
    resource.requests.length = 0;
    await fetch(`${resource.origin}${path}`).catch(() => undefined);
    expect(resource.calls()[0]?.token).toBeUndefined();
  },
);

describe("metadata are refused, and nobody is asked,", () => {
  const named: readonly (readonly [string, () => unknown])[] = [
    ["for another origin", () => elsewhere.url],
    ["for another path", () => `${resource.origin}/other`],
    ["for a name that only begins like the path", () => `${resource.origin}/mc`],
    ["for what is below", () => `${resource.url}/tools`],
    ["for a parent with a query", () => `${resource.origin}/?all`],
    ["for a parent with a fragment", () => `${resource.origin}/#all`],
    ["for a parent behind a user name", () => resource.origin.replace("//", "//mcp@")],
    ["for a path with dots", () => `${resource.origin}/other/..`],
    ["for a path with a backslash", () => `${resource.origin}\\mcp`],
    ["for another spelling of the origin", () => resource.origin.replace("http", "HTTP")],
    ["without a resource", () => undefined],
    ["for a list", () => [resource.url]],
  ];
  test.each(named)("%s", async (_title, published) => {
    resource.metadata = { ...resource.metadata, resource: published() };
    await expect(fetch(resource.url)).rejects.toMatchObject({ errorCode: "invalid_resource_metadata" });
    expect(issuer.requests).toEqual([]);
    expect(issuer.visits).toEqual([]);
  });

  test("that a challenge names on another origin", async () => {
    const challenge = `Bearer resource_metadata="${elsewhere.origin}/.well-known/oauth-protected-resource/mcp"`;
    resource.reply = () => ({ status: 401, headers: { "www-authenticate": challenge } });
    await expect(fetch(resource.url)).rejects.toMatchObject({ errorCode: "invalid_resource_metadata" });
    expect(elsewhere.requests).toEqual([]);
  });
});

test("a parent is sent as published, and its token to all of it if its own document names it", async () => {
  const { origin } = resource;
  resource.metadata = undefined;
  resource.reply = ({ path, token }) => {
    if (path === "/.well-known/oauth-protected-resource")
      return { body: { resource: origin, authorization_servers: [issuer.url] } };
    if (path.startsWith("/.well-known/")) return { status: 404 };
    return token ? undefined : { status: 401, headers: { "www-authenticate": "Bearer" } };
  };
  expect((await fetch(resource.url)).status).toBe(200);
  expect(issuer.visits[0]?.searchParams.get("resource")).toBe(origin);
  expect(issuer.tokenRequests()[0]?.form["resource"]).toBe(origin);
  await fetch(`${origin}/other`);
  expect(tokensAt(resource, "/other")[0]).toBeDefined();
});

test("a path whose document only claims to be a parent gets the token for itself alone", async () => {
  resource.metadata = { ...resource.metadata, resource: resource.origin };
  expect((await fetch(resource.url)).status).toBe(200);
  resource.requests.length = 0;
  await fetch(`${resource.origin}/other`).catch(() => undefined);
  expect(tokensAt(resource, "/other")[0]).toBeUndefined();
});

test("nor is a token sent to a URL that is not encrypted, or that another call of the program has made up", async () => {
  await expect(fetch("http://mcp.example/mcp")).rejects.toMatchObject({
    errorCode: "authority_uri_insecure",
  });
  await expect(fetch("ftp://mcp.example/mcp")).rejects.toMatchObject({ errorCode: "authority_uri_insecure" });
});
