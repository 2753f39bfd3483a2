// proves: local-authority/src/endpoints/device-code.ts, local-authority/src/endpoints/device-sign-in.ts,
// local-authority/src/grants/device-code.ts, local-authority/src/pages/device.ts,
// local-authority/src/stores/device-codes.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  LocalAuthorityConfigurationError,
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type LocalAuthorityOptions,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { createBrowser, type Browser, type Page } from "../support/browser.js";
import { createTestClock } from "../support/test-clock.js";
import { get, post } from "./requests.js";

const urn = "urn:ietf:params:oauth:grant-type:device_code";
const scope = "openid profile offline_access User.Read";
const clock = createTestClock();

let authority: LocalAuthority;
let tenant: Tenant;
let desktop: App;
let consentApp: App;
let alice: User;
let bob: User;
let browser: Browser;

beforeAll(async () => {
  authority = await startLocalAuthority({
    clock: () => clock.now(),
    deviceCode: { completeUri: true },
    tenants: [{ domain: "contoso.example", users: [{ username: "bob@contoso.example", multiFactor: true }] }],
  });
  [tenant] = authority.config.tenants as [Tenant];
  [, desktop, consentApp] = tenant.apps as [App, App, App];
  [alice, bob] = tenant.users as [User, User];
});
afterAll(() => authority.close());
beforeEach(() => {
  browser = createBrowser({ ca: authority.caPem });
});

interface Codes {
  readonly user_code: string;
  readonly device_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
}

async function start(app = desktop): Promise<Codes> {
  const answer = await post(authority, `/${tenant.id}/oauth2/v2.0/devicecode`, {
    client_id: app.clientId,
    scope,
  });
  expect(answer.status).toBe(200);
  return answer.json as unknown as Codes;
}

const poll = (deviceCode: string, fields: Record<string, string> = {}) =>
  post(authority, `/${tenant.id}/oauth2/v2.0/token`, {
    grant_type: urn,
    client_id: desktop.clientId,
    device_code: deviceCode,
    ...fields,
  });

async function send(page: Page, values: Record<string, string>): Promise<Page> {
  const [form] = page.forms;
  if (form === undefined) throw new Error(`no form on ${page.text}`);
  return browser.submit(form, values);
}

/** Types the code, and account and password: what comes is the page that asks whether the device is the user's. */
async function enter(codes: Codes, user = alice): Promise<Page> {
  const signInPage = await send(await browser.open(codes.verification_uri), { user_code: codes.user_code });
  return send(signInPage, { username: user.username, password: user.password });
}

describe("device authorization", () => {
  it("is announced, and answers with both codes, the page, times and a message", async () => {
    const discovery = await get(authority, `/${tenant.id}/v2.0/.well-known/openid-configuration`);
    expect(discovery.json["device_authorization_endpoint"]).toBe(
      `${authority.authorityUrl()}/oauth2/v2.0/devicecode`,
    );
    const codes = await start();
    expect(codes).toMatchObject({
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{9}$/),
      verification_uri: `${authority.url}/common/oauth2/deviceauth`,
      verification_uri_complete: `${authority.url}/common/oauth2/deviceauth?user_code=${codes.user_code}`,
      expires_in: 900,
      interval: 5,
      message: `To sign in, use a web browser to open the page ${codes.verification_uri} and enter the code ${codes.user_code} to authenticate.`,
    });
  });

  it.each([
    ["client_id", { client_id: undefined }, 900144],
    ["a known client", { client_id: "nobody" }, 700016],
    ["scope", { scope: undefined }, 900144],
    ["a scope that can be read", { scope: "https://" }, 70011],
    ["claims that are JSON", { claims: "x" }, 9002313],
  ])("is refused without %s", async (_, fields, code) => {
    const answer = await post(authority, `/${tenant.id}/oauth2/v2.0/devicecode`, {
      client_id: desktop.clientId,
      scope,
      ...fields,
    });
    expect(answer).toMatchObject({ status: 400, json: { error_codes: [code] } });
  });
});

describe("the user", () => {
  // parity: Devices and passwords | Device code: page, confirmation, polling and its errors | entra same, adfs same
  it("types the code, signs in, confirms, and the device has its tokens, once", async () => {
    const codes = await start();
    expect((await poll(codes.device_code)).json).toMatchObject({
      error: "authorization_pending",
      error_codes: [70016],
    });
    const confirmation = await enter(codes);
    expect(confirmation.text).toContain("Are you trying to sign in to Contoso Desktop?");
    const end = await send(confirmation, { decision: "accept" });
    expect(end.text).toContain("You have signed in to Contoso Desktop on your device");
    const { json } = await poll(codes.device_code, { grant_type: "device_code", client_info: "1" });
    expect(decodeJwt(String(json["access_token"]))).toMatchObject({ oid: alice.oid, tid: tenant.id });
    expect(Object.keys(json)).toEqual(
      expect.arrayContaining(["id_token", "refresh_token", "client_info", "expires_in"]),
    );
    expect((await poll(codes.device_code)).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [54005],
    });
  });

  it("may write the code as they like, or come by the address that has it", async () => {
    const codes = await start();
    const written = codes.user_code.toLowerCase().replace(/^(...)(...)/, "$1-$2 ");
    const page = await send(await browser.open(codes.verification_uri), { user_code: written });
    expect(page.text).toContain("Sign in");
    const complete = await browser.open(codes.verification_uri_complete);
    expect(complete.forms[0]?.fields).toEqual([{ name: "user_code", type: "text", value: codes.user_code }]);
  });

  it("is asked for consent where the app needs it, and for the second factor where the user does", async () => {
    const codes = await start(consentApp);
    const verification = await enter(codes, bob);
    expect(verification.text).toContain("Verify your identity");
    const confirmation = await send(verification, { decision: "accept" });
    const consent = await send(confirmation, { decision: "accept" });
    expect(consent.text).toContain("Permissions requested");
    expect((await send(consent, { decision: "accept" })).text).toContain("You have signed in");
    const { status } = await poll(codes.device_code, { client_id: consentApp.clientId });
    expect(status).toBe(200);
  });

  it.each(["the question about the device", "the second factor", "consent"])(
    "says no at %s",
    async (where) => {
      const app = where === "consent" ? consentApp : desktop;
      const codes = await start(app);
      let page = await enter(codes, where === "the second factor" ? bob : alice);
      if (where === "consent") page = await send(page, { decision: "accept" });
      const { text } = await send(page, { decision: "cancel" });
      // The heading says the same as the title, and not the name of the app.
      expect(text).toMatch(/^Not signed in Not signed in You have not signed in/);
      expect((await poll(codes.device_code, { client_id: app.clientId })).json).toMatchObject({
        error: "authorization_declined",
        error_codes: [65004],
      });
    },
  );

  it("who is signed in already does not type the password again", async () => {
    await enter(await start());
    const codes = await start();
    const page = await send(await browser.open(codes.verification_uri), { user_code: codes.user_code });
    expect(page.text).toContain(`Signed in as ${alice.username}`);
  });

  it("is told that nobody waits for a code: unknown, used, or too old", async () => {
    const used = await start();
    await send(await enter(used), { decision: "accept" });
    const old = await start();
    clock.advance(900);
    for (const code of ["XXXXXXXXX", "<script>", used.user_code, old.user_code]) {
      const page = await send(await browser.open(used.verification_uri), { user_code: code });
      expect(page.alert).toContain("That code didn’t work");
      expect(page.html).not.toContain("<script>");
    }
  });

  it("gets a page that everyone can use", async () => {
    const { html, headers } = await browser.open(`${authority.url}/common/oauth2/deviceauth`);
    expect(html).toMatch(/<html lang="en">[\s\S]*<title>Enter code<\/title>[\s\S]*<main>[\s\S]*<h1>/);
    expect(html).toMatch(/<label for="user_code">[\s\S]*id="user_code"[\s\S]*aria-describedby="help"/);
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  });
});

describe("polling", () => {
  it("faster than the interval is told to slow down, by five seconds every time", async () => {
    const { device_code: code } = await start();
    const error = async (seconds: number) => {
      clock.advance(seconds);
      return (await poll(code)).json["error"];
    };
    expect(await error(0)).toBe("authorization_pending");
    expect(await error(5)).toBe("authorization_pending");
    expect(await error(4)).toBe("slow_down");
    expect(await error(9)).toBe("slow_down");
    expect(await error(15)).toBe("authorization_pending");
  });

  it("after the lifetime of the code is told that it has expired", async () => {
    const { device_code: code } = await start();
    clock.advance(899);
    expect((await poll(code)).json["error"]).toBe("authorization_pending");
    clock.advance(1);
    expect((await poll(code)).json).toMatchObject({ error: "expired_token", error_codes: [70020] });
  });

  it.each([
    ["no code", { device_code: "" }, "invalid_request", 900144],
    ["a code nobody issued", { device_code: "x" }, "bad_verification_code", 70018],
  ])("with %s", async (_, fields, error, code) => {
    expect((await poll("", fields)).json).toMatchObject({ error, error_codes: [code] });
  });

  it("is for the client that asked", async () => {
    const { device_code: code } = await start();
    expect((await poll(code, { client_id: consentApp.clientId })).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [70000],
    });
  });
});

const misconfigured: readonly [string, LocalAuthorityOptions["deviceCode"]][] = [
  ["deviceCode.interval", { interval: -1 }],
  ["deviceCode.lifetime", { lifetime: 1.5 }],
  ["deviceCode.completeUri", { completeUri: "yes" as never }],
  ["deviceCode.uri", { uri: "x" } as never],
];
it.each(misconfigured)("names %s when it cannot be used", async (field, settings) => {
  const failure = startLocalAuthority({ deviceCode: settings });
  await expect(failure).rejects.toBeInstanceOf(LocalAuthorityConfigurationError);
  await expect(failure).rejects.toMatchObject({ field });
});
