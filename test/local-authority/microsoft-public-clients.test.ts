import { InteractionRequiredAuthError, PublicClientApplication, ServerError } from "@azure/msal-node";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBrowser } from "../support/browser.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { describeWithPythonMsal, runPython } from "../support/python-msal.js";
import { signIn } from "../support/sign-in.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const grace = { username: "grace@corp.contoso.example", password: `gr<c& "pass'word"` };
const faith = { username: "faith@corp.fabrikam.example", password: "faith-password" };

let authority: LocalAuthority;
let network: PeerNetwork;
let tenant: Tenant;
let desktop: App;
let alice: User;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "local-authority-"));
  authority = await startLocalAuthority({
    caFile: join(folder, "ca.pem"),
    deviceCode: { interval: 1 },
    tenants: [
      {
        domain: "contoso.example",
        users: [{ username: "mfa@contoso.example", multiFactor: true }],
        federation: { domain: "corp.contoso.example", users: [grace] },
      },
      {
        domain: "fabrikam.example",
        federation: { domain: "corp.fabrikam.example", users: [faith], samlVersion: "2.0" },
      },
    ],
  });
  network = peerNetwork(authority.caPem);
  [tenant] = authority.config.tenants as [Tenant];
  [, desktop] = tenant.apps as [App, App];
  [alice] = tenant.users as [User];
});
afterAll(async () => {
  await network.close();
  await authority.close();
  await rm(folder, { recursive: true });
});

/** What a user does who has been shown a device's code. */
async function enterCode(
  uri: string,
  code: string,
  decision: "accept" | "cancel" = "accept",
): Promise<string> {
  const browser = createBrowser({ ca: authority.caPem });
  let page = await browser.open(uri);
  for (const values of [
    { user_code: code },
    { username: alice.username, password: alice.password },
    { decision },
  ] as Record<string, string>[]) {
    const [form] = page.forms;
    if (form === undefined) throw new Error(`no form on ${page.text}`);
    page = await browser.submit(form, values);
  }
  return page.text;
}

describe("msal-node", () => {
  const client = () =>
    new PublicClientApplication({
      auth: {
        clientId: desktop.clientId,
        authority: authority.authorityUrl(),
        knownAuthorities: [new URL(authority.url).host],
      },
      system: { networkClient: network },
    });

  const withPassword = (app: PublicClientApplication, user: Pick<User, "username" | "password">) =>
    app.acquireTokenByUsernamePassword({ scopes, username: user.username, password: user.password });

  it("waits with a device code until the user has signed in", async () => {
    const visits: Promise<string>[] = [];
    const result = await client().acquireTokenByDeviceCode({
      scopes,
      deviceCodeCallback: ({ verificationUri, userCode, message, expiresIn }) => {
        expect(message).toContain(userCode);
        expect(expiresIn).toBe(900);
        visits.push(enterCode(verificationUri, userCode));
      },
    });
    expect(await visits[0]).toContain("You have signed in");
    expect(result?.account).toMatchObject({ username: alice.username, tenantId: tenant.id });
  });

  it("hears that the user declined", async () => {
    const acquired = client().acquireTokenByDeviceCode({
      scopes,
      deviceCodeCallback: ({ verificationUri, userCode }) => {
        void enterCode(verificationUri, userCode, "cancel");
      },
    });
    await expect(acquired).rejects.toThrow(/authorization_declined|AADSTS65004/);
  });

  it("signs in with username and password, renews silently, and hears what is wrong", async () => {
    const app = client();
    const result = await withPassword(app, alice);
    if (!result?.account) throw new Error("no account");
    expect(await app.acquireTokenSilent({ scopes, account: result.account })).toMatchObject({
      fromCache: true,
    });
    const wrong = withPassword(app, { ...alice, password: "wrong" });
    await expect(wrong).rejects.toBeInstanceOf(ServerError);
    await expect(wrong).rejects.toMatchObject({ errorCode: "invalid_grant", errorNo: 50126 });
    const user = { username: "mfa@contoso.example", password: "mfa-password" };
    const multiFactor = withPassword(app, user);
    await expect(multiFactor).rejects.toBeInstanceOf(InteractionRequiredAuthError);
    await expect(multiFactor).rejects.toMatchObject({ subError: "basic_action", errorNo: 50076 });
  });

  it.each(["login", "select_account", "consent", "create"])(
    "signs in through a browser with prompt=%s, and gets the answer posted",
    async (prompt) => {
      const result = await client().acquireTokenInteractive({
        scopes,
        prompt,
        openBrowser: async (url) => {
          const answer = await signIn(url, { ...alice, ca: authority.caPem });
          const { status } = await fetch(answer.origin, { method: "POST", body: answer.searchParams });
          expect(status).toBeLessThan(400);
        },
      });
      expect(result.account).toMatchObject({ homeAccountId: `${alice.oid}.${tenant.id}` });
    },
  );
});

describeWithPythonMsal(() => {
  const program = `
import json, msal, requests, sys
order = json.loads(sys.argv[1])

class Session(requests.Session):
    # This version leaves out the port when it asks for the home realm.
    def request(self, method, url, **kwargs):
        return super().request(method, url.replace("https://localhost/", order["url"] + "/"), **kwargs)

app = msal.PublicClientApplication(
    order["client_id"], authority=order["authority"], instance_discovery=False, http_client=Session())
try:
    if "username" in order:
        result = app.acquire_token_by_username_password(order["username"], order["password"], order["scopes"])
    else:
        flow = app.initiate_device_flow(order["scopes"])
        print(json.dumps(flow), flush=True)
        result = app.acquire_token_by_device_flow(flow)
except RuntimeError as error:
    result = {"runtime_error": str(error)}
print(json.dumps(result))
`;
  interface Run {
    readonly script?: string;
    /** Called with everything that is printed, while the program runs. */
    readonly onLine?: (line: Readonly<Record<string, string>>) => unknown;
    readonly authorityUrl?: string;
  }

  async function run(request: object, options: Run = {}): Promise<Readonly<Record<string, unknown>>> {
    const { script = program, onLine, authorityUrl = authority.authorityUrl() } = options;
    const order = {
      url: authority.url,
      client_id: desktop.clientId,
      authority: authorityUrl,
      scopes,
      ...request,
    };
    const lines = await runPython<Readonly<Record<string, string>>>(["-c", script, JSON.stringify(order)], {
      caFile: join(folder, "ca.pem"),
      react: (line) => {
        onLine?.(line);
      },
    });
    return lines.at(-1) ?? {};
  }

  it("signs in with a device code", async () => {
    const result = await run(
      {},
      {
        onLine: (line) => line["user_code"] && enterCode(line["verification_uri"] ?? "", line["user_code"]),
      },
    );
    expect(result).toMatchObject({ id_token_claims: { preferred_username: alice.username } });
  });

  it("signs in a managed user with a password, and hears of a wrong one", async () => {
    const { username, password } = alice;
    const result = await run({ username, password });
    expect(decodeJwt(String(result["access_token"]))).toMatchObject({ oid: alice.oid });
    expect(await run({ username, password: "wrong" })).toMatchObject({
      error: "invalid_grant",
      error_codes: [50126],
    });
  });

  it.each([
    ["SAML 1.1", grace, "urn:ietf:params:oauth:grant-type:saml1_1-bearer"],
    ["SAML 2.0", faith, "urn:ietf:params:oauth:grant-type:saml2-bearer"],
  ])("signs in a federated user through MEX, WS-Trust 1.3 and %s", async (_, user, grantType) => {
    authority.clearRequests();
    const result = await run(user, { authorityUrl: authority.authorityUrl("organizations") });
    expect(result).toMatchObject({ id_token_claims: { preferred_username: user.username } });
    expect(authority.requests.map(({ endpoint }) => endpoint)).toEqual([
      "openid-configuration",
      "user-realm",
      "ws-trust-metadata",
      "ws-trust",
      "token",
    ]);
    expect(authority.requests[3]?.path).toBe("/adfs/services/trust/13/usernamemixed");
    expect(authority.requests[4]?.form["grant_type"]).toBe(grantType);
  });

  it("signs in a federated user through WS-Trust 2005 when the metadata are of no use", async () => {
    authority.fault({ match: "user-realm", body: realmWithoutMetadata() });
    const result = await run(grace);
    expect(result).toMatchObject({ id_token_claims: { preferred_username: grace.username } });
    expect(authority.requests.at(-2)?.path).toBe("/adfs/services/trust/2005/usernamemixed");
  });

  const realmWithoutMetadata = () =>
    JSON.stringify({
      account_type: "Federated",
      federation_active_auth_url: `${authority.url}/adfs/services/trust/2005/usernamemixed`,
    });

  it("reads the fault of the AD FS", async () => {
    const result = await run({ ...grace, password: "wrong" });
    expect(result["runtime_error"]).toMatch(/FailedAuthentication/);
    expect(result["runtime_error"]).toMatch(/ID3242/);
  });

  it.each([
    ["2005", grace],
    ["13", grace],
    ["13", faith],
  ])("finds the XML signature right, by other libraries: WS-Trust %s", async (version, user) => {
    const script = `
import base64, hashlib, json, re, requests, sys
import xml.etree.ElementTree as ET
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from msal.wstrust_request import send_request
order = json.loads(sys.argv[1])
token = send_request(order["username"], order["password"], "urn:federation:MicrosoftOnline",
    order["url"] + "/adfs/services/trust/" + order["version"] + "/usernamemixed", None, requests)["token"].decode()
ds = "{http://www.w3.org/2000/09/xmldsig#}"
root = ET.fromstring(token)
signature = root.find(ds + "Signature")
text = lambda name: signature.find(".//" + ds + name).text
number = lambda name: int.from_bytes(base64.b64decode(text(name)), "big")
unsigned = ET.canonicalize(re.sub("<ds:Signature .*</ds:Signature>", "", token, flags=re.S))
digest = base64.b64encode(hashlib.sha256(unsigned.encode()).digest()).decode()
info = re.search("<ds:SignedInfo>.*</ds:SignedInfo>", token, re.S).group(0)
info = ET.canonicalize(info.replace("<ds:SignedInfo>", '<ds:SignedInfo xmlns:ds="' + ds[1:-1] + '">'))
rsa.RSAPublicNumbers(number("Exponent"), number("Modulus")).public_key().verify(
    base64.b64decode(text("SignatureValue")), info.encode(), padding.PKCS1v15(), SHA256())
reference = signature.find(".//" + ds + "Reference").get("URI")[1:]
print(json.dumps({"digest": digest == text("DigestValue"), "id": reference in (root.get("ID"), root.get("AssertionID"))}))
`;
    expect(await run({ ...user, version }, { script })).toEqual({ digest: true, id: true });
  });
});
