// What the real ones do and the local authority does not: an app that needs it fails here, and does not pass by accident.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { get, post } from "./requests.js";

const desktop = "c0c0c0c0-0000-4000-8000-0000000000a2";
const redirectUri = "http://localhost/callback";
let authority: LocalAuthority;
beforeAll(async () => {
  authority = await startLocalAuthority({ http: true });
});
afterAll(() => authority.close());

const password = (over: Record<string, string> = {}, path = "/contoso.example/oauth2/v2.0/token") =>
  post(authority, path, {
    grant_type: "password",
    client_id: desktop,
    username: "alice@contoso.example",
    password: "alice-password",
    scope: "openid profile",
    ...over,
  });
const authorize = async (path: string, over: Record<string, string>) => {
  const query = new URLSearchParams({
    client_id: desktop,
    redirect_uri: redirectUri,
    scope: "openid",
    ...over,
  });
  return get(authority, `${path}?${query.toString()}`);
};
const status = async (path: string) => (await get(authority, path)).status;

describe("unlike here, Entra", () => {
  // parity: Signing in | The implicit flow: `response_type=token` and `id_token` are refused | entra differs, external differs
  it.each(["token", "id_token", "id_token token"])("has response_type=%s", async (responseType) => {
    const { headers } = await authorize("/contoso.example/oauth2/v2.0/authorize", {
      response_type: responseType,
      nonce: "n",
    });
    expect(String(headers["location"])).toContain("unsupported_response_type");
  });

  // parity: Endpoints | The endpoints of v1.0 are not there | entra differs
  it.each(["authorize", "token", "devicecode", "logout"])("has /oauth2/%s", async (name) => {
    expect(await status(`/contoso.example/oauth2/${name}`)).toBe(404);
  });

  // parity: Endpoints | SAML 2.0 and WS-Federation sign-ins are not there | entra differs
  it.each([
    "/contoso.example/saml2",
    "/contoso.example/wsfed",
    "/contoso.example/federationmetadata/2007-06/federationmetadata.xml",
  ])("has %s", async (path) => {
    expect(await status(path)).toBe(404);
  });

  // parity: Tokens | Proof-of-possession tokens (`token_type=pop`, `req_cnf`): the token is a bearer token | entra differs
  it("binds tokens to a key", async () => {
    const { json } = await password({ token_type: "pop", req_cnf: "eyJraWQiOiJ4In0" });
    expect(json["token_type"]).toBe("Bearer");
    expect(decodeJwt(String(json["access_token"]))).not.toHaveProperty("cnf");
  });

  // parity: Tokens | The lifetime of an access token varies between 60 and 90 minutes: here it is the option `lifetimes` | entra differs
  it("chooses the lifetime of each token", async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => password()));
    expect(new Set(answers.map(({ json }) => json["expires_in"]))).toEqual(new Set([3599]));
  });

  // parity: Tokens | Groups, optional claims and claims mapping of an app registration are not there | entra differs, b2c differs, external differs
  it("has groups in its tokens", async () => {
    const { json } = await password({
      claims: JSON.stringify({ id_token: { groups: { essential: true } } }),
    });
    expect(decodeJwt(String(json["id_token"]))).not.toHaveProperty("groups");
  });

  // parity: Signing in | Personal Microsoft accounts are not there: `consumers` admits no user | entra differs
  it("has personal accounts", async () => {
    const { json } = await password({}, "/consumers/oauth2/v2.0/token");
    expect(json).toMatchObject({ error: "invalid_request" });
  });

  // parity: Endpoints | Microsoft Graph is not there, apart from user info | entra differs
  it.each(["/v1.0/me", "/v1.0/users", "/beta/me"])("has %s", async (path) => {
    expect(await status(path)).toBe(404);
  });
});

describe("unlike here, AD FS", () => {
  // parity: Signing in | The implicit flow is refused | adfs differs
  it("has response_type=token", async () => {
    const { headers } = await authorize("/adfs/oauth2/authorize", { response_type: "token" });
    expect(String(headers["location"])).toContain("unsupported_response_type");
  });

  // parity: Devices and passwords | WS-Trust with a certificate is announced and not there | adfs differs
  it.each(["13/certificatemixed", "2005/certificatemixed"])("has /adfs/services/trust/%s", async (name) => {
    expect(await status(`/adfs/services/trust/${name}`)).toBe(404);
  });

  // parity: Signing in | SAML 2.0 and WS-Federation sign-ins (`/adfs/ls`) are not there | adfs differs
  it("has /adfs/ls", async () => {
    expect(await status("/adfs/ls")).toBe(404);
  });
});

describe("unlike here, B2C", () => {
  // parity: Signing in | User flows differ, and custom policies have their own steps: here every policy is the same sign-in page | b2c differs
  it("has a page for each policy", async () => {
    const page = async (policy: string) => {
      const { text } = await authorize(`/contoso.example/${policy}/oauth2/v2.0/authorize`, {
        response_type: "code",
      });
      return text.replaceAll(/b2c_1\w+|name="ctx" value="[^"]+"/gi, "");
    };
    expect(await page("b2c_1_edit_profile")).toBe(await page("b2c_1_signin"));
  });

  // parity: Signing in | Social accounts (Google, Facebook) and sign-up are not there | b2c differs, external differs
  it("signs in with another provider", async () => {
    const { text } = await authorize("/contoso.example/b2c_1_signin/oauth2/v2.0/authorize", {
      response_type: "code",
      domain_hint: "google.com",
    });
    expect(text).toContain("<h1>Sign in</h1>");
    expect(text).not.toMatch(/google/i);
  });
});

describe("unlike here, External ID", () => {
  // parity: Signing in | Native authentication (sign-up and sign-in without a browser) is not there | external differs
  it.each(["initiate", "challenge"])("has /oauth2/v2.0/%s", async (name) => {
    expect(await status(`/contoso.example/oauth2/v2.0/${name}`)).toBe(404);
  });

  // parity: Discovery | `{name}.ciamlogin.com`, by whose host clients know External ID, cannot be emulated on localhost | external differs
  it("is known by its host", async () => {
    const { status: refused } = await get(authority, "/common/v2.0/.well-known/openid-configuration", {
      host: "contoso.ciamlogin.com",
    });
    expect(refused).toBe(421);
  });
});

// parity: Endpoints | Introspection (RFC 7662) and revocation (RFC 7009) have no endpoint | entra same, adfs same, b2c same, external same
it.each(["/contoso.example", "/adfs", "/contoso.example/b2c_1_signin"])(
  "as there, %s neither introspects nor revokes",
  async (base) => {
    for (const name of ["introspect", "revoke"])
      expect(await status(`${base}/oauth2/v2.0/${name}`)).toBe(404);
  },
);

// parity: Endpoints | A user flow has no user info endpoint | b2c same
it("as there, a user flow has no user info", async () => {
  const { json } = await get(
    authority,
    "/contoso.example/b2c_1_signin/v2.0/.well-known/openid-configuration",
  );
  expect(json).not.toHaveProperty("userinfo_endpoint");
});
