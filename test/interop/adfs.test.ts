// AD FS as the authority, asked by other people's clients: what they make of it is what the real one would have them make.
import { ClientCertificateCredential, ClientSecretCredential } from "@azure/identity";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  ServerError,
  type AuthenticationResult,
  type NodeAuthOptions,
} from "@azure/msal-node";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { startLocalAuthority, type App, type LocalAuthority } from "@tessera/local-authority";
import * as tessera from "@tessera/node";
import { decodeJwt } from "jose";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { azureIdentityClient } from "../local-authority/azure-identity.js";
import { makeCertificate } from "../support/certificates.js";
import { signInOnDevice } from "../support/device-sign-in.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { describeWithPythonMsal, runPython } from "../support/python-msal.js";
import { signIn } from "../support/sign-in.js";

const api = "https://orders.contoso.example";
const scopes = [`${api}/read`];
const alice = { username: "alice@contoso.example", password: "alice-password" };
const redirectUri = "http://localhost:3000/redirect";
const own = makeCertificate({ subject: "daemon" });

let authority: LocalAuthority;
let network: PeerNetwork;
let url: string;
let web: App;
let desktop: App;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "adfs-"));
  authority = await startLocalAuthority({
    caFile: join(folder, "ca.pem"),
    deviceCode: { interval: 1 },
    tenants: [
      { domain: "contoso.example", apps: [{ clientId: "certified", certificates: [own.certificatePem] }] },
    ],
  });
  network = peerNetwork(authority.caPem);
  url = authority.authorityUrl("adfs");
  [web, desktop] = authority.config.tenants[0]?.apps as [App, App];
});
afterEach(() => {
  authority.clearRequests();
});
afterAll(async () => {
  await network.close();
  await authority.close();
  await rm(folder, { recursive: true });
});

const ca = () => authority.caPem;
const enter = (uri: string, code: string) => signInOnDevice(uri, code, { ...alice, ca: ca() });

describe("msal-node", () => {
  const auth = (app: App, over: Partial<NodeAuthOptions> = {}) => ({
    auth: { clientId: app.clientId, authority: url, knownAuthorities: [new URL(url).host], ...over },
    system: { networkClient: network },
  });
  const publicClient = () => new PublicClientApplication(auth(desktop));
  const confidential = (over?: Partial<NodeAuthOptions>) =>
    new ConfidentialClientApplication(auth(web, { clientSecret: web.clientSecret, ...over }));

  function expectUser(result: AuthenticationResult | null) {
    const { sub } = decodeJwt(result?.idToken ?? "");
    expect(result?.account).toMatchObject({ homeAccountId: sub, username: alice.username });
    expect(decodeJwt(result?.accessToken ?? "")).toMatchObject({ aud: api, upn: alice.username });
  }

  test.each([
    ["a public client", publicClient],
    ["a confidential client", confidential],
  ])("signs in with a code, and renews silently: %s", async (_, create) => {
    const app = create();
    const target = await app.getAuthCodeUrl({ scopes, redirectUri });
    const callback = await signIn(target, { ...alice, ca: ca() });
    const code = callback.searchParams.get("code") ?? "";
    const result = await app.acquireTokenByCode({ scopes, redirectUri, code });
    expectUser(result);
    const account = result.account ?? undefined;
    if (!account) throw new Error("no account");
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
    for (const _again of [1, 2]) {
      const renewed = await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
      expect(renewed.accessToken).not.toBe(result.accessToken);
    }
  });

  test("signs in with a device code", async () => {
    const visits: Promise<string>[] = [];
    const result = await publicClient().acquireTokenByDeviceCode({
      scopes,
      deviceCodeCallback: ({ verificationUri, userCode }) => {
        visits.push(enter(verificationUri, userCode));
      },
    });
    expectUser(result);
    expect(await visits[0]).toContain("You have signed in");
  });

  test("signs in with a password, and hears what is wrong", async () => {
    expectUser(await publicClient().acquireTokenByUsernamePassword({ scopes, ...alice }));
    const wrong = publicClient().acquireTokenByUsernamePassword({ scopes, ...alice, password: "wrong" });
    await expect(wrong).rejects.toBeInstanceOf(ServerError);
    await expect(wrong).rejects.toMatchObject({ errorCode: "invalid_grant" });
  });

  test("gets app tokens by a secret, and by a certificate with a SHA-1 thumbprint", async () => {
    const order = { scopes: [`${api}/.default`] };
    const bySecret = await confidential().acquireTokenByClientCredential(order);
    expect(decodeJwt(bySecret?.accessToken ?? "")).toMatchObject({ aud: api, appid: web.clientId });
    const clientCertificate = { thumbprint: own.thumbprintSha1Hex, privateKey: own.privateKeyPem };
    const certified = { clientId: "certified", clientSecret: undefined, clientCertificate };
    const byCertificate = await confidential(certified).acquireTokenByClientCredential(order);
    expect(decodeJwt(byCertificate?.accessToken ?? "")).toMatchObject({ aud: api, appid: "certified" });
  });

  test("is refused with a SHA-256 thumbprint, as at AD FS", async () => {
    const clientCertificate = { thumbprintSha256: own.thumbprintSha256Hex, privateKey: own.privateKeyPem };
    const app = confidential({ clientId: "certified", clientSecret: undefined, clientCertificate });
    const failed = app.acquireTokenByClientCredential({ scopes: [`${api}/.default`] });
    await expect(failed).rejects.toMatchObject({ errorCode: "invalid_client" });
  });

  test("and Tessera read each other's cache", async () => {
    const theirs = publicClient();
    await theirs.acquireTokenByUsernamePassword({ scopes, ...alice });
    const ours = new tessera.PublicClientApplication({
      auth: { clientId: desktop.clientId, authority: url },
      system: { ca: ca() },
    });
    ours.getTokenCache().deserialize(theirs.getTokenCache().serialize());
    const [account] = await ours.getAllAccounts();
    if (!account) throw new Error("no account");
    expect(await ours.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
    await ours.acquireTokenSilent({ scopes, account, forceRefresh: true });

    const back = publicClient();
    back.getTokenCache().deserialize(ours.getTokenCache().serialize());
    const [same] = await back.getAllAccounts();
    if (!same) throw new Error("no account");
    expect(await back.acquireTokenSilent({ scopes, account: same })).toMatchObject({ fromCache: true });
    const renewed = await back.acquireTokenSilent({ scopes, account: same, forceRefresh: true });
    expect(renewed).toMatchObject({ fromCache: false, account: { username: alice.username } });
  });
});

describe('@azure/identity, with the tenant "adfs"', () => {
  const options = () => ({
    authorityHost: authority.url,
    disableInstanceDiscovery: true,
    httpClient: azureIdentityClient(ca()),
  });

  test("gets app tokens by a secret", async () => {
    const credential = new ClientSecretCredential("adfs", web.clientId, web.clientSecret ?? "", options());
    const { token } = await credential.getToken(`${api}/.default`);
    expect(decodeJwt(token)).toMatchObject({ aud: api, appid: web.clientId });
  });

  test("cannot by a certificate: it has a SHA-256 thumbprint only, as at AD FS", async () => {
    const path = join(folder, "app.pem");
    await writeFile(path, own.privateKeyPem + own.certificatePem);
    const credential = new ClientCertificateCredential("adfs", "certified", path, options());
    await expect(credential.getToken(`${api}/.default`)).rejects.toThrow(/MSIS9622/);
  });
});

describeWithPythonMsal(() => {
  const program = `
import json, msal, sys
order = json.loads(sys.argv[1])
public = lambda: msal.PublicClientApplication(order["client_id"], authority=order["authority"])
confidential = lambda: msal.ConfidentialClientApplication(
    order["client_id"], authority=order["authority"], client_credential=order["credential"])
def say(result):
    print(json.dumps(result), flush=True)
def renewed(app):
    account = app.get_accounts()[0]
    say(app.acquire_token_silent_with_error(order["scopes"], account, force_refresh=True))
def device():
    app = public()
    flow = app.initiate_device_flow(order["scopes"])
    say(flow)
    say(app.acquire_token_by_device_flow(flow))
    renewed(app)
def code():
    app = public()
    flow = app.initiate_auth_code_flow(order["scopes"], redirect_uri=order["redirect_uri"])
    say(flow)
    say(app.acquire_token_by_auth_code_flow(flow, json.loads(sys.stdin.readline())))
    renewed(app)
def password():
    app = public()
    say(app.acquire_token_by_username_password(order["username"], order["password"], order["scopes"]))
def app_token():
    say(confidential().acquire_token_for_client(order["scopes"]))
{"device": device, "code": code, "password": password, "app_token": app_token}[order["operation"]]()
`;
  type Line = Readonly<Record<string, string>>;

  /** @param react what a line is answered with */
  async function run(order: object, react?: (line: Line) => unknown): Promise<readonly Line[]> {
    const request = {
      authority: url,
      client_id: desktop.clientId,
      scopes,
      redirect_uri: redirectUri,
      ...order,
    };
    const caFile = join(folder, "ca.pem");
    return runPython<Line>(["-c", program, JSON.stringify(request)], { caFile, react });
  }
  const claims = { upn: alice.username, unique_name: "CONTOSO\\alice" };

  test("signs in with a code, and renews", async () => {
    const [, first, renewed] = await run({ operation: "code" }, async ({ auth_uri: target }) =>
      target === undefined
        ? undefined
        : Object.fromEntries((await signIn(target, { ...alice, ca: ca() })).searchParams),
    );
    expect(first).toMatchObject({ id_token_claims: claims });
    expect(decodeJwt(renewed?.["access_token"] ?? "")).toMatchObject({ aud: api });
  });

  test("signs in with a device code, and renews", async () => {
    const lines = await run({ operation: "device" }, ({ verification_uri: uri, user_code: code }) => {
      if (uri !== undefined && code !== undefined) void enter(uri, code);
    });
    expect(lines[1]).toMatchObject({ id_token_claims: claims });
    expect(decodeJwt(lines[2]?.["access_token"] ?? "")).toMatchObject({ aud: api });
  });

  test("signs in with a password, and hears of a wrong one", async () => {
    expect(await run({ operation: "password", ...alice })).toMatchObject([{ id_token_claims: claims }]);
    expect(await run({ operation: "password", ...alice, password: "wrong" })).toMatchObject([
      { error: "invalid_grant", error_description: expect.stringContaining("MSIS9659") },
    ]);
  });

  test.each([
    ["a secret", () => ({ client_id: web.clientId, credential: web.clientSecret })],
    [
      "a certificate",
      () => ({
        client_id: "certified",
        credential: { private_key: own.privateKeyPem, thumbprint: own.thumbprintSha1Hex },
      }),
    ],
  ])("gets app tokens by %s", async (_, order) => {
    const [result] = await run({ operation: "app_token", scopes: [`${api}/.default`], ...order() });
    expect(decodeJwt(result?.["access_token"] ?? "")).toMatchObject({ aud: api, apptype: "Confidential" });
  });
});
