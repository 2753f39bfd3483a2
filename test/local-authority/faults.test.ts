// proves: local-authority/src/http/journal.ts, local-authority/src/server/faults.ts,
// local-authority/src/state.ts
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type App, type LocalAuthority, type Tenant } from "@tessera/local-authority";
import { get, post } from "./requests.js";

let authority: LocalAuthority;
let tenant: Tenant;
let web: App;

beforeEach(async () => {
  authority = await startLocalAuthority();
  [tenant] = authority.config.tenants as [Tenant];
  [web] = tenant.apps as [App];
});
afterEach(() => authority.close());

const askToken = () =>
  post(authority, `/${tenant.id}/oauth2/v2.0/token`, {
    grant_type: "client_credentials",
    client_id: web.clientId,
    client_secret: web.clientSecret,
    scope: "https://graph.microsoft.com/.default",
  });
const askKeys = () => get(authority, `/${tenant.id}/discovery/v2.0/keys`);

describe("fault", () => {
  // parity: Errors | The service throttles by itself: here, 429 comes from a fault only | entra differs, adfs differs, b2c differs, external differs
  it("answers as often as it says, with its status, headers and body, and meets no other endpoint", async () => {
    const fault = authority.fault({ match: "token", status: 429, headers: { "Retry-After": "1" }, times: 2 });
    expect((await askKeys()).status).toBe(200);
    for (let i = 0; i < 2; i += 1) {
      const { status, headers, json } = await askToken();
      expect([status, headers["retry-after"]]).toEqual([429, "1"]);
      expect(json).toMatchObject({ error: "temporarily_unavailable", error_codes: [90055] });
    }
    expect((await askToken()).status).toBe(200);
    expect(fault.hits).toBe(2);
  });

  it("meets one request unless told otherwise, and ends when it is cleared", async () => {
    authority.fault({ match: "token", status: 503 });
    expect([(await askToken()).status, (await askToken()).status]).toEqual([503, 200]);
    const endless = authority.fault({ match: /token$/, status: 500, times: Infinity });
    expect([(await askToken()).status, (await askToken()).status]).toEqual([500, 500]);
    endless.clear();
    expect((await askToken()).status).toBe(200);
  });

  it("can be garbage in the place of JSON", async () => {
    authority.fault({
      match: ({ form }) => form["grant_type"] === "client_credentials",
      body: "<html>proxy error",
    });
    expect(await askToken()).toMatchObject({ status: 200, text: "<html>proxy error" });
  });

  it("can reset the connection, and such a request has no status", async () => {
    authority.fault({ match: "token", reset: true });
    await expect(askToken()).rejects.toThrow(/other side closed|ECONNRESET/);
    expect(authority.requests[0]).toMatchObject({ endpoint: "token" });
    expect(authority.requests[0]?.status).toBeUndefined();
    expect((await askToken()).status).toBe(200);
  });

  it("can be a delay, after which the endpoint answers as ever", async () => {
    authority.fault({ match: "token", delayMs: 50 });
    const start = performance.now();
    expect((await askToken()).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThanOrEqual(45);
  });

  it("does not keep the authority from closing at once", async () => {
    authority.fault({ match: "token", delayMs: 60_000 });
    const waiting = askToken();
    const refused = expect(waiting).rejects.toThrow();
    while (authority.requests.length === 0) await new Promise(setImmediate);
    await authority.close();
    await refused;
  });

  it.each([
    ["fault.status", { match: "token", status: 42 }],
    ["fault.times", { match: "token", status: 500, times: 0 }],
    ["fault.delayMs", { match: "token", delayMs: -1 }],
    ["fault.code", { match: "token", code: 500 }],
  ] as const)("is refused when it makes no sense: %s", (field, fault) => {
    expect(() => authority.fault(fault)).toThrow(expect.objectContaining({ field }));
  });
});

describe("journal", () => {
  it("keeps requests whole, in order, with their secrets", async () => {
    await askKeys();
    await post(
      authority,
      "/common/oauth2/v2.0/token?x=1",
      { grant_type: "b c", client_secret: "s" },
      { "X-Test": "yes" },
    );
    expect(authority.requests).toHaveLength(2);
    expect(authority.requests[1]).toEqual({
      endpoint: "token",
      method: "POST",
      host: new URL(authority.url).host,
      path: "/common/oauth2/v2.0/token",
      query: { x: "1" },
      form: { grant_type: "b c", client_secret: "s" },
      headers: expect.objectContaining({ "x-test": "yes" }),
      body: "grant_type=b+c&client_secret=s",
      time: expect.any(Number),
      status: 400,
    });
    const { requests } = authority;
    authority.clearRequests();
    expect(requests).toHaveLength(0);
  });

  it("tells the time of the authority's own clock", async () => {
    authority.advanceClock(1_000_000);
    await askKeys();
    expect(authority.requests[0]?.time).toBeGreaterThan(Date.now() + 999_000_000);
  });
});
