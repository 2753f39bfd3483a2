// The console shows requests and forges tokens: another web page, another site and another name do not reach it.
// proves: local-authority/src/console/guard.ts, local-authority/src/console/console-routes.ts,
// local-authority/src/console/console-context.ts
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { networkInterfaces } from "node:os";
import { request } from "undici";
import { createBrowser } from "../support/browser.js";
import { consoleCall } from "./console-requests-to.js";
import { post } from "./requests.js";

const name = "authority.example";
const redirectUri = "https://spa.example/signed-in";
let authority: LocalAuthority;
beforeAll(async () => {
  authority = await startLocalAuthority({
    http: true,
    hosts: [name],
    tenants: [{ domain: "contoso.example", apps: [{ clientId: "spa", redirectUris: [redirectUri] }] }],
  });
});
afterEach(() => authority.clearRequests());
afterAll(() => authority.close());

const endpoints = [
  ["GET", "/_console"],
  ["GET", "/_console/requests"],
  ["GET", "/_console/requests/1"],
  ["DELETE", "/_console/requests"],
  ["GET", "/_console/faults"],
  ["POST", "/_console/faults"],
  ["DELETE", "/_console/faults"],
  ["DELETE", "/_console/faults/1"],
  ["GET", "/_console/clock"],
  ["POST", "/_console/clock"],
  ["DELETE", "/_console/clock"],
  ["GET", "/_console/sessions"],
  ["PATCH", "/_console/sessions/alice@contoso.example"],
  ["DELETE", "/_console/sessions/alice@contoso.example"],
  ["POST", "/_console/tokens"],
  ["GET", "/_console/identities"],
  ["POST", "/_console/identities"],
  ["DELETE", "/_console/identities/1"],
] as const;

const bodies: Readonly<Partial<Record<string, unknown>>> = {
  "/_console/faults": { match: "keys", status: 500 },
  "/_console/clock": { advance: 60 },
  "/_console/sessions/alice@contoso.example": { disabled: true },
  "/_console/tokens": {},
  "/_console/identities": { host: "imds" },
};
const json = (method: string, path: string) =>
  ["POST", "PATCH"].includes(method) ? { json: bodies[path] } : {};

it("these are all endpoints of the console", async () => {
  const { json: list } = await consoleCall(authority, "GET", "/nothing");
  const listed = (list.endpoints as string[]).filter((line) => line.includes("/_console"));
  const known = endpoints.map(
    ([method, path]) =>
      `${method} ${path.replace(/\/1$/, "/{id}").replace("alice@contoso.example", "{username}")}`,
  );
  expect(listed).toEqual([...known].sort());
});

describe.each(endpoints)("%s %s", (method, path) => {
  it.each<[string, () => Record<string, string>, number]>([
    ["a web page of an unknown origin", () => ({ origin: "https://evil.example" }), 403],
    ["a web page of an app that is registered", () => ({ origin: "https://spa.example" }), 403],
    ["a web page at another port of localhost", () => ({ origin: "http://localhost:1" }), 403],
    ["a web page without an origin", () => ({ origin: "null" }), 403],
    ["an image or a script of another site", () => ({ "sec-fetch-site": "cross-site" }), 403],
    ["a page at another port, without its origin", () => ({ "sec-fetch-site": "same-site" }), 403],
    ["a name that was made to point here", () => ({ host: `evil.example:${authority.port}` }), 421],
    ["a name of the option hosts", () => ({ host: `${name}:${authority.port}` }), 421],
  ])("refuses %s, and does nothing", async (_, headers, status) => {
    const answer = await consoleCall(authority, method, path, { ...json(method, path), headers: headers() });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ error: "invalid_request" });
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    expect(await nothingChanged()).toBe(true);
  });
});

it.each(endpoints.filter(([method]) => method === "POST" || method === "PATCH"))(
  "%s %s takes JSON only: a form of another page needs no permission to be sent",
  async (method, path) => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
      const { status } = await consoleCall(authority, method, path, {
        json: bodies[path],
        headers: { "content-type": type },
      });
      expect(status).toBe(415);
    }
    expect(await nothingChanged()).toBe(true);
  },
);

it.each(["POST", "PATCH", "DELETE"])("a preflight for %s gets no permission", async (method) => {
  const { headers } = await consoleCall(authority, "OPTIONS", "/_console/faults", {
    headers: { origin: "https://spa.example", "access-control-request-method": method },
  });
  expect(headers).not.toHaveProperty("access-control-allow-origin");
});

it.each([
  ["no JSON", "{"],
  ["an array", "[]"],
  ["a body of more than a megabyte", JSON.stringify({ advance: "x".repeat(1_100_000) })],
])("%s is refused", async (_, body) => {
  const { status, json: answer } = await consoleCall(authority, "POST", "/_console/clock", { json: body });
  expect({ status, ...answer }).toMatchObject({ status: 400, error: "invalid_request" });
});

it("its own requests are not in the journal, and no fault is spent on them", async () => {
  const fault = authority.fault({ match: () => true, status: 500, times: Infinity });
  for (const path of ["/_console", "/_console/requests", "/_console/clock"])
    expect((await consoleCall(authority, "GET", path)).status).toBe(200);
  const page = await consoleCall(authority, "GET", "/", { headers: { accept: "text/html" } });
  expect(page.status).toBe(200);
  expect({ hits: fault.hits, requests: authority.requests }).toEqual({ hits: 0, requests: [] });
  fault.clear();
});

it("nothing of it is cached, or shown in a page of another origin", async () => {
  const { headers } = await consoleCall(authority, "GET", "/_console/requests");
  expect(headers).toMatchObject({
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
  });
});

it("listens on no address but the loopback ones", async () => {
  const others = Object.values(networkInterfaces())
    .flat()
    .filter((each) => each !== undefined && !each.internal && each.family === "IPv4");
  for (const each of others) {
    const reached = request(`http://${each?.address}:${authority.port}/_console`, {
      headers: { host: `localhost:${authority.port}` },
    });
    await expect(reached).rejects.toMatchObject({ code: "ECONNREFUSED" });
  }
});

describe("signing in with one click", () => {
  const query = new URLSearchParams({
    client_id: "spa",
    response_type: "code",
    redirect_uri: redirectUri,
    scope: "openid",
  });
  const authorizePath = `/contoso.example/oauth2/v2.0/authorize?${query.toString()}`;
  const offered = async (host?: string) => {
    const { text, headers } = await consoleCall(authority, "GET", authorizePath, {
      headers: host === undefined ? {} : { host },
    });
    return {
      text,
      ctx: /name="ctx" value="([^"]+)"/.exec(text)?.[1] ?? "",
      cookie: [headers["set-cookie"] ?? []]
        .flat()
        .map((line) => line.split(";")[0])
        .join("; "),
    };
  };
  const click = (ctx: string, headers: Record<string, string>) =>
    post(authority, "/contoso.example/login", { ctx, user: "alice@contoso.example" }, headers);

  it("is offered to a browser on this machine", async () => {
    const browser = createBrowser();
    const page = await browser.open(authority.url + authorizePath);
    const [form] = page.forms;
    expect(form?.buttons.filter((each) => each.name === "user").map(({ value }) => value)).toEqual(
      authority.config.tenants[0]?.users.map(({ username }) => username),
    );
    const back = await browser.submit(form as never, { user: "alice@contoso.example" }, (url) =>
      url.startsWith(redirectUri),
    );
    expect(new URL(back.url).searchParams.get("code")).toMatch(/\w/);
  });

  it("is not offered under a name of the option hosts, and does not work there", async () => {
    const host = `${name}:${authority.port}`;
    const { text, ctx, cookie } = await offered(host);
    expect(text).not.toContain("alice@contoso.example");
    const { status, text: again } = await click(ctx, { host, cookie });
    expect(status).toBe(200);
    expect(again).toMatch(/role="alert"/);
  });

  it.each<[string, (cookie: string) => Record<string, string>, number, RegExp]>([
    ["a form of another origin", (cookie) => ({ cookie, origin: "https://evil.example" }), 403, /origin/],
    ["a form of an app's own page", (cookie) => ({ cookie, origin: "https://spa.example" }), 403, /origin/],
    ["another browser", () => ({}), 400, /AADSTS90013/],
  ])("is refused to %s", async (_, headers, status, text) => {
    const { ctx, cookie } = await offered();
    expect(await click(ctx, headers(cookie))).toMatchObject({ status, text: expect.stringMatching(text) });
  });
});

/** What the console could have changed is as it was. */
async function nothingChanged(): Promise<boolean> {
  const get = async (path: string) => (await consoleCall(authority, "GET", `/_console/${path}`)).json;
  const [{ offset }, { faults }, { running }, { users }] = await Promise.all([
    get("clock"),
    get("faults"),
    get("identities"),
    get("sessions"),
  ]);
  const isSomeoneDisabled = users.some(({ username, disabled }) => disabled && username.startsWith("alice"));
  return offset === 0 && faults.length === 0 && running.length === 0 && !isSomeoneDisabled;
}
