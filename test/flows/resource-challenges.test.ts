// A resource that refuses a token gets another one if that may help, and nobody is asked again and again.
// proves: node/src/resource/resource-tokens.ts, node/src/resource/refused-tokens.ts, node/src/resource/acquire-token.ts
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createMemoryTokenStore, createResourceFetch, type ResourceFetchOptions } from "@tessera/node";
import { LIFETIME, startFakeIssuer, type FakeIssuer } from "../support/fake-issuer.js";
import { startResource, type TestResource } from "../support/protected-resource.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

let issuer: FakeIssuer;
let resource: TestResource;
let clock: TestClock;
beforeEach(async () => {
  issuer = await startFakeIssuer();
  resource = await startResource(issuer.url);
  clock = createTestClock();
});
afterEach(() => Promise.all([issuer.close(), resource.close()]));

const agent = (over: Partial<ResourceFetchOptions> = {}) =>
  createResourceFetch({
    client: { name: "Agent" },
    openBrowser: issuer.openBrowser,
    system: { proxy: false, clock, retries: 0 },
    ...over,
  });
const grants = () => issuer.tokenRequests().map(({ form }) => form["grant_type"]);
const scopesAsked = () => issuer.visits.map(({ searchParams }) => searchParams.get("scope"));
const challenge = (status: number, parameters: string) => ({
  status,
  headers: { "www-authenticate": `Bearer ${parameters}` },
});

describe("scopes", () => {
  test("are those of the challenge, without any relation to those of the metadata", async () => {
    resource.reply = ({ path, token }) =>
      path === "/mcp" && !token ? challenge(401, 'scope="orders:write"') : undefined;
    await agent()(resource.url);
    expect(scopesAsked()).toEqual(["orders:write"]);
  });

  test("are left out where nobody names any", async () => {
    resource.metadata = { ...resource.metadata, scopes_supported: undefined };
    await agent()(resource.url);
    expect(scopesAsked()).toEqual([null]);
  });

  test("have offline_access where the issuer offers it, with a decision of the user's", async () => {
    issuer.metadata = { scopes_supported: ["offline_access", "openid", "profile"] };
    await agent()(resource.url);
    expect(scopesAsked()).toEqual(["reports:read offline_access"]);
    expect(issuer.visits[0]?.searchParams.get("prompt")).toBe("consent");
  });

  test("grow when an operation needs more, by one prompt for all callers", async () => {
    const fetch = agent();
    await fetch(resource.url);
    resource.reply = ({ path, token }) =>
      path === "/mcp/write" && token === "token-2"
        ? challenge(403, 'error="insufficient_scope", scope="reports:write"')
        : undefined;
    const responses = await Promise.all(Array.from({ length: 8 }, () => fetch(`${resource.url}/write`)));
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(scopesAsked()).toEqual(["reports:read", "reports:read reports:write"]);
    expect(grants()).toEqual(["authorization_code", "authorization_code"]);
    expect((await fetch(resource.url)).status).toBe(200);
    expect(issuer.visits).toHaveLength(2);
  });

  test("that grow without end are asked for three times", async () => {
    let count = 0;
    resource.reply = ({ path, token }) =>
      path === "/mcp" && token
        ? challenge(403, `error="insufficient_scope", scope="more:${(count += 1)}"`)
        : undefined;
    const response = await agent()(resource.url);
    expect(response.status).toBe(403);
    expect(issuer.visits).toHaveLength(3);
  });

  test("that were asked for and not granted are not asked for again", async () => {
    resource.reply = ({ path, token }) =>
      path === "/mcp" && token
        ? challenge(403, 'error="insufficient_scope", scope="reports:read"')
        : undefined;
    const fetch = agent();
    for (let calls = 0; calls < 3; calls += 1) expect((await fetch(resource.url)).status).toBe(403);
    expect(issuer.visits).toHaveLength(1);
  });

  test("are not widened by a refresh, but those of a refused prompt stay as they were", async () => {
    const fetch = agent();
    await fetch(resource.url);
    resource.reply = ({ path, token }) =>
      path === "/mcp/write" && token
        ? challenge(403, 'error="insufficient_scope", scope="reports:write"')
        : undefined;
    issuer.answer = (parameters) => {
      parameters.delete("code");
      parameters.set("error", "access_denied");
    };
    await expect(fetch(`${resource.url}/write`)).rejects.toMatchObject({ errorCode: "access_denied" });
    expect(grants()).toEqual(["authorization_code"]);
    expect((await fetch(resource.url)).status).toBe(200);
  });
});

describe("a token", () => {
  test("that expires is renewed before it is sent, by one request for all callers", async () => {
    const fetch = agent();
    await fetch(resource.url);
    clock.advance(LIFETIME);
    await Promise.all(Array.from({ length: 20 }, () => fetch(resource.url)));
    expect(grants()).toEqual(["authorization_code", "refresh_token"]);
    expect(resource.calls().filter(({ token }) => token === undefined)).toHaveLength(1);
  });

  test("that the resource refuses is renewed once, for all callers", async () => {
    const fetch = agent();
    await fetch(resource.url);
    await fetch(resource.url);
    resource.accepts = (token) => token !== "token-2";
    await Promise.all(Array.from({ length: 20 }, () => fetch(resource.url)));
    expect(grants()).toEqual(["authorization_code", "refresh_token"]);
    expect(issuer.visits).toHaveLength(1);
  });

  test("that is fresh and refused has no successor for a while, which grows", async () => {
    const fetch = agent();
    await fetch(resource.url);
    resource.accepts = () => false;
    const refuse = async () => {
      const responses = await Promise.all(Array.from({ length: 10 }, () => fetch(resource.url)));
      expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 401));
      return grants().length;
    };
    const before = await refuse();
    expect(before).toBeLessThanOrEqual(3);
    expect(await refuse()).toBe(before);
    clock.advance(31);
    expect(await refuse()).toBe(before + 1);
    clock.advance(31);
    expect(await refuse()).toBe(before + 1);
    expect(issuer.visits).toHaveLength(1);
    resource.accepts = () => true;
    expect((await fetch(resource.url)).status).toBe(200);
  });

  test("that cannot be refreshed is asked for once, and the issuer is found anew", async () => {
    const fetch = agent();
    await fetch(resource.url);
    issuer.reply = ({ form }) =>
      form["grant_type"] === "refresh_token" ? { status: 400, body: { error: "invalid_grant" } } : undefined;
    clock.advance(LIFETIME);
    const asked = resource.asked().length;
    const responses = await Promise.all(Array.from({ length: 10 }, () => fetch(resource.url)));
    expect(responses.every(({ status }) => status === 200)).toBe(true);
    expect(issuer.visits).toHaveLength(2);
    expect(resource.asked().length).toBeGreaterThan(asked);
    expect(grants().filter((grant) => grant === "refresh_token")).toHaveLength(1);
  });

  test("survives an issuer that is down: nothing is deleted, and the same refresh token works afterwards", async () => {
    const store = createMemoryTokenStore();
    const fetch = agent({ cache: { store } });
    await fetch(resource.url);
    issuer.reply = () => ({ status: 503 });
    clock.advance(LIFETIME + 1);
    await expect(fetch(resource.url)).rejects.toMatchObject({ name: expect.stringMatching(/Error$/) });
    issuer.reply = () => undefined;
    clock.advance(60);
    expect((await agent({ cache: { store }, openBrowser: undefined })(resource.url)).status).toBe(200);
    expect(issuer.tokenRequests().at(-1)?.form["refresh_token"]).toBe("refresh-2");
    expect(issuer.visits).toHaveLength(1);
  });

  test("of one resource is refreshed with that resource's refresh token", async () => {
    const second = await startResource(issuer.url);
    const fetch = agent();
    await fetch(resource.url);
    await fetch(second.url);
    clock.advance(LIFETIME);
    await fetch(resource.url);
    await fetch(second.url);
    await second.close();
    const sent = issuer.tokenRequests().map(({ form }) => [form["resource"], form["refresh_token"]]);
    expect(sent).toEqual([
      [resource.url, undefined],
      [second.url, undefined],
      [resource.url, "refresh-2"],
      [second.url, "refresh-3"],
    ]);
    expect(issuer.visits).toHaveLength(2);
  });
});

describe("a server that publishes nothing is its own issuer", () => {
  test("with metadata, or without", async () => {
    for (const hasMetadata of [true, false]) {
      issuer.requests.length = 0;
      issuer.metadata = hasMetadata ? {} : { issuer: undefined };
      issuer.reply = ({ path, headers }) => {
        if (path === "/mcp")
          return headers.authorization ? { body: {} } : challenge(401, 'error="invalid_token"');
        if (path.startsWith("/.well-known/oauth-protected")) return { status: 404 };
        return path.startsWith("/.well-known/") && !hasMetadata ? { status: 404 } : undefined;
      };
      expect((await agent()(`${issuer.url}/mcp`)).status).toBe(200);
      expect(issuer.tokenRequests()[0]?.form["resource"]).toBeUndefined();
    }
  });

  test("but one that wants no token is left alone", async () => {
    resource.metadata = undefined;
    resource.reply = () => ({ status: 401, headers: { "www-authenticate": 'Basic realm="files"' } });
    expect((await agent()(resource.url)).status).toBe(401);
    expect(resource.asked()).toEqual([]);
  });
});

describe("without a user", () => {
  const registered = () => ({ [issuer.url]: { clientId: "job", clientSecret: "the-secret" } });

  test("the program's own token is acquired, kept and renewed", async () => {
    const fetch = agent({ grant: "app", client: { registered: registered() }, openBrowser: undefined });
    await Promise.all(Array.from({ length: 5 }, () => fetch(resource.url)));
    clock.advance(LIFETIME);
    await fetch(resource.url);
    expect(grants()).toEqual(["client_credentials", "client_credentials"]);
    expect(issuer.tokenRequests()[0]?.form).toMatchObject({ resource: resource.url, scope: "reports:read" });
  });

  test("a workload's JWT is the grant, and its refusal is final", async () => {
    const asked: unknown[] = [];
    const fetch = agent({
      grant: "assertion",
      client: { registered: { [issuer.url]: { clientId: "job" } } },
      openBrowser: undefined,
      assertion: async (context) => {
        asked.push(context);
        return "a.b.c";
      },
    });
    await fetch(resource.url);
    await fetch(resource.url);
    expect(grants()).toEqual(["urn:ietf:params:oauth:grant-type:jwt-bearer"]);
    expect(issuer.tokenRequests()[0]?.form).toMatchObject({ assertion: "a.b.c", resource: resource.url });
    expect(asked).toEqual([
      {
        clientId: "job",
        tokenEndpoint: `${issuer.url}/token`,
        issuer: issuer.url,
        resource: resource.url,
        scopes: ["reports:read"],
        signal: expect.any(AbortSignal),
      },
    ]);
    clock.advance(LIFETIME);
    issuer.reply = ({ path }) =>
      path === "/token" ? { status: 400, body: { error: "invalid_grant" } } : undefined;
    await expect(fetch(resource.url)).rejects.toMatchObject({ errorCode: "invalid_grant" });
    expect(grants()).toHaveLength(2);
  });
});

test("a token is bound to a key where the resource asks for it", async () => {
  resource.metadata = { ...resource.metadata, dpop_bound_access_tokens_required: true };
  issuer.metadata = { dpop_signing_alg_values_supported: ["ES256"] };
  issuer.reply = ({ path, headers }) =>
    path === "/token" && headers["dpop"]
      ? { body: { access_token: "bound", token_type: "DPoP", expires_in: LIFETIME } }
      : undefined;
  let nonces = 0;
  resource.reply = ({ path, headers }) =>
    path === "/mcp" && headers["dpop"] && (nonces += 1) === 1
      ? {
          status: 401,
          headers: { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "the-nonce" },
        }
      : undefined;
  expect((await agent()(resource.url)).status).toBe(200);
  const [, first, second] = resource.calls();
  expect(first?.headers.authorization).toBe("DPoP bound");
  expect(second?.headers["dpop"]).not.toBe(first?.headers["dpop"]);
  const claims = JSON.parse(
    Buffer.from(String(second?.headers["dpop"]).split(".")[1] ?? "", "base64url").toString(),
  );
  expect(claims).toMatchObject({ htu: resource.url, nonce: "the-nonce" });
});
