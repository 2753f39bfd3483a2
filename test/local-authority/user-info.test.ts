// The endpoints around the tokens that Microsoft's providers have, for tokens that Microsoft's own clients acquire, and those
// that they do not have.
// proves: local-authority/src/endpoints/userinfo.ts, local-authority/src/endpoints/other-configurations.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PublicClientApplication as Peer } from "@azure/msal-node";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type App, type LocalAuthority, type User } from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { describeWithPythonMsal, runPython } from "../support/python-msal.js";
import { get, post } from "./requests.js";

let authority: LocalAuthority;
let network: PeerNetwork;
let desktop: App;
let alice: User;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "local-authority-"));
  authority = await startLocalAuthority({ caFile: join(folder, "ca.pem") });
  network = peerNetwork(authority.caPem);
  const [tenant] = authority.config.tenants;
  [, desktop] = tenant?.apps as [App, App];
  [alice] = tenant?.users as [User];
});
afterAll(async () => {
  await network.close();
  await authority.close();
  await rm(folder, { recursive: true });
});

const documentOf = async (base: string) =>
  (await get(authority, `/${base}/.well-known/openid-configuration`)).json;

describe.each([
  ["a tenant", "contoso.example/v2.0", "/oidc/userinfo"],
  ["common", "common/v2.0", "/oidc/userinfo"],
  ["AD FS", "adfs", "/adfs/userinfo"],
  ["a B2C policy", "contoso.example/B2C_1_signin/v2.0", undefined],
])("the document of %s", (_, base, userInfo) => {
  it("names user info where there is one, and no introspection or revocation, as Microsoft's does", async () => {
    const document = await documentOf(base);
    expect(document["userinfo_endpoint"]).toBe(userInfo && `${authority.url}${userInfo}`);
    expect(Object.keys(document).filter((name) => /introspect|revo/.test(name))).toEqual([]);
  });

  it.each(["introspect", "revoke"])("and there is nothing at /%s", async (path) => {
    const { token_endpoint: token } = await documentOf(base);
    const beside = new URL(path, String(token).replace(/\/?$/, "")).pathname;
    expect((await post(authority, beside, { token: "a-token" })).status).toBe(404);
  });
});

describe.each(["Entra", "AD FS"])("user info of %s", (name) => {
  const base = () => (name === "Entra" ? authority.authorityUrl() : authority.authorityUrl("adfs"));
  const expected = (sub: unknown) =>
    name === "Entra" ? { sub, name: "Alice Archer", given_name: "Alice", family_name: "Archer" } : { sub };

  it("takes the token that msal-node acquired, in GET and POST, and tells the subject of its ID token", async () => {
    const app = new Peer({
      auth: {
        clientId: desktop.clientId,
        authority: base(),
        knownAuthorities: [new URL(authority.url).host],
      },
      system: { networkClient: network },
    });
    const { username, password } = alice;
    const result = await app.acquireTokenByUsernamePassword({ scopes: ["profile"], username, password });
    const { sub } = decodeJwt(result?.idToken ?? "");
    const path = new URL(String((await documentOf(new URL(base()).pathname.slice(1)))["userinfo_endpoint"]));
    const authorization = { authorization: `Bearer ${result?.accessToken}` };
    expect((await get(authority, path.pathname, authorization)).json).toMatchObject(expected(sub));
    expect((await post(authority, path.pathname, {}, authorization)).json).toMatchObject(expected(sub));
  });
});

describeWithPythonMsal(() => {
  const program = `
import json, msal, requests, sys
order = json.loads(sys.argv[1])

class Session(requests.Session):
    # This version leaves out the port when it asks for the home realm.
    def request(self, method, url, **kwargs):
        return super().request(method, url.replace("https://localhost/", order["url"] + "/"), **kwargs)

session = Session()
app = msal.PublicClientApplication(
    order["client_id"], authority=order["authority"], instance_discovery=False, http_client=session)
result = app.acquire_token_by_username_password(order["username"], order["password"], order["scopes"])
document = session.get(order["authority"] + "/v2.0/.well-known/openid-configuration").json()
bearer = {"Authorization": "Bearer " + result["access_token"]}
told = session.get(document["userinfo_endpoint"], headers=bearer).json()
print(json.dumps([result["id_token_claims"]["sub"], told]))
`;
  it("user info takes the token that msal for Python acquired", async () => {
    const order = {
      url: authority.url,
      authority: authority.authorityUrl(),
      client_id: desktop.clientId,
      scopes: ["https://graph.microsoft.com/User.Read"],
      username: alice.username,
      password: alice.password,
    };
    const caFile = join(folder, "ca.pem");
    const [[subject, told] = []] = await runPython<[string, { sub: string }]>(
      ["-c", program, JSON.stringify(order)],
      { caFile },
    );
    expect(told).toMatchObject({ sub: subject });
  });
});
