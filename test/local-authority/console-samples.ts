import type { LocalAuthority } from "@tessera/local-authority";
import { createHash } from "node:crypto";
import { createBrowser } from "../support/browser.js";
import { get, post, postText } from "./requests.js";

const id = (suffix: string) => `c0c0c0c0-0000-4000-8000-0000000000${suffix}`;
const [web, desktop] = [id("a1"), id("a2")];
const tokenPath = "/contoso.example/oauth2/v2.0/token";
const verifier = "a-verifier-that-is-long-enough-for-the-rules-of-pkce";

/** Sends requests of every kind that carries a secret. @returns the secrets, sent and received */
export async function requestSamples(authority: LocalAuthority): Promise<readonly string[]> {
  const found: unknown[] = [];
  const keep = (json: Readonly<Record<string, unknown>>, ...names: string[]) =>
    found.push(...names.map((name) => json[name]));

  const secret = "contoso-web-secret";
  const user = { username: "alice@contoso.example", password: "alice-password" };
  found.push(secret, user.password, verifier);
  const browser = createBrowser();
  const query = new URLSearchParams({
    client_id: web,
    response_type: "code",
    redirect_uri: "http://localhost/callback",
    scope: "openid profile offline_access",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const page = await browser.open(
    `${authority.url}/contoso.example/oauth2/v2.0/authorize?${query.toString()}`,
  );
  const [form] = page.forms;
  if (form === undefined) throw new Error("There is no sign-in page.");
  found.push(form.fields.find(({ name }) => name === "ctx")?.value);
  const back = await browser.submit(form, user, (url) => url.startsWith("http://localhost/callback"));
  const code = new URL(back.url).searchParams.get("code") ?? "";
  found.push(code);
  const redeemed = await post(authority, tokenPath, {
    grant_type: "authorization_code",
    client_id: web,
    client_secret: secret,
    redirect_uri: "http://localhost/callback",
    code,
    code_verifier: verifier,
  });
  keep(redeemed.json, "access_token", "refresh_token", "id_token");
  const { access_token: token, refresh_token: refreshToken, id_token: idToken } = redeemed.json;

  const basic = Buffer.from(`${web}:${secret}`).toString("base64");
  found.push(basic);
  const refreshed = await post(
    authority,
    tokenPath,
    { grant_type: "refresh_token", refresh_token: String(refreshToken) },
    { authorization: `Basic ${basic}` },
  );
  keep(refreshed.json, "access_token", "refresh_token");
  await get(authority, "/oidc/userinfo", { authorization: `Bearer ${String(token)}` });
  await get(authority, `/contoso.example/oauth2/v2.0/logout?id_token_hint=${String(idToken)}`);

  const passwordGrant = {
    grant_type: "password",
    client_id: desktop,
    scope: "openid offline_access",
    ...user,
  };
  keep((await post(authority, tokenPath, passwordGrant)).json, "access_token", "refresh_token", "id_token");
  // With the wrong type, it is no form.
  await postText(authority, tokenPath, new URLSearchParams(passwordGrant).toString(), {
    "content-type": "text/plain",
  });
  await postText(authority, tokenPath, JSON.stringify(passwordGrant), { "content-type": "application/json" });

  const device = await post(authority, "/contoso.example/oauth2/v2.0/devicecode", {
    client_id: desktop,
    scope: "openid",
  });
  keep(device.json, "device_code");
  await post(authority, tokenPath, {
    grant_type: "device_code",
    client_id: desktop,
    device_code: String(device.json["device_code"]),
  });
  const forApi = await post(authority, tokenPath, { ...passwordGrant, scope: `api://${web}/read` });
  keep(forApi.json, "access_token");
  const exchanged = await post(authority, tokenPath, {
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    requested_token_use: "on_behalf_of",
    client_id: web,
    client_secret: secret,
    assertion: String(forApi.json["access_token"]),
    scope: "User.Read",
  });
  keep(exchanged.json, "access_token");
  await postText(
    authority,
    "/adfs/services/trust/13/usernamemixed",
    `<s:Envelope xmlns:s="x"><o:UsernameToken><o:Username>a</o:Username><o:Password>a-soap-password</o:Password></o:UsernameToken></s:Envelope>`,
    { "content-type": "application/soap+xml" },
  );
  found.push("a-soap-password");
  const host = await authority.emulate("app-service");
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER = "" } = host.environment;
  const asked = await fetch(`${IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=https://vault.azure.net`, {
    headers: { "x-identity-header": IDENTITY_HEADER },
  });
  keep((await asked.json()) as Record<string, unknown>, "access_token");
  found.push(IDENTITY_HEADER);
  await host.close();
  const machine = await authority.emulate("machine-learning");
  const { MSI_ENDPOINT, MSI_SECRET = "" } = machine.environment;
  await fetch(`${MSI_ENDPOINT}?api-version=2017-09-01&resource=https://vault.azure.net`, {
    headers: { secret: MSI_SECRET },
  });
  found.push(MSI_SECRET);
  await machine.close();

  const secrets = found.filter((each): each is string => typeof each === "string" && each !== "");
  if (secrets.length !== found.length)
    throw new Error("A request has not had the answer that it should have.");
  return secrets;
}
