// auth.instanceAware: Entra sends a user of another cloud there, and the code is redeemed and kept in the cloud of the answer.
// proves: core/src/flows/instance-aware.ts
import { createHash, sign } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { libraries, peer } from "../support/both-libraries.js";
import { documentAt } from "../support/world-network.js";
import { recordedNetwork } from "../support/recorded-network.js";
import { rsaKeyPair } from "../support/rsa-keys.mjs";

const clientId = "the-client";
const redirectUri = "http://localhost:3000/redirect";
const scopes = ["User.Read"];
const answer = { code: "the-code", cloud_instance_host_name: "login.microsoftonline.us" };
const us = "https://login.microsoftonline.us";
const tid = "11111111-2222-4333-8444-555555555555";

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const usKey = rsaKeyPair("instance-us");

function usNetwork(more: object = {}) {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: `${us}/${tid}/v2.0`,
    aud: clientId,
    tid,
    oid: "ada",
    sub: "ada",
    iat,
    exp: iat + 3600,
  };
  return recordedNetwork(({ line, form }) => {
    if (line === `GET ${us}/common/discovery/v2.0/keys`)
      return { body: { keys: [{ ...usKey.publicKey.export({ format: "jwk" }), kid: "us", use: "sig" }] } };
    // The peer asks who the host is.
    if (line.endsWith("/discovery/instance"))
      return {
        body: {
          tenant_discovery_endpoint: `${us}/common/v2.0/.well-known/openid-configuration`,
          metadata: [],
        },
      };
    if (!line.startsWith(`POST ${us}/`)) return undefined;
    return {
      body: {
        ...{ token_type: "Bearer", expires_in: 3600, scope: "User.Read" },
        access_token: `token for ${form.get("grant_type")}`,
        refresh_token: "refresh token",
        id_token: `${encode({ alg: "none" })}.${encode({ ...claims, ...more })}.`,
        client_info: encode({ uid: "ada", utid: tid }),
      },
    };
  });
}

function publicApp(library: typeof tessera, auth: Partial<tessera.NodeAuthOptions> = {}) {
  const networkClient = usNetwork();
  const app = new library.PublicClientApplication({
    auth: { clientId, instanceAware: true, ...auth },
    system: { networkClient },
  });
  return { app, networkClient };
}

/** The parameter in the URLs of a sign-in and a sign-out. */
async function sent(
  library: typeof tessera,
  auth: Partial<tessera.NodeAuthOptions>,
  more: Record<string, string>,
) {
  const { app } = publicApp(library, auth);
  const request = Object.keys(more).length > 0 ? { extraQueryParameters: more } : {};
  const url = await app.getAuthCodeUrl({ scopes, redirectUri, ...request });
  return new URL(url).searchParams.getAll("instance_aware");
}

describe.each(libraries)("%s", (_, library) => {
  it.each<[string, Partial<tessera.NodeAuthOptions>, Record<string, string>, readonly string[]]>([
    ["by the option", {}, {}, ["true"]],
    ["by the option, in one tenant", { authority: `https://login.microsoftonline.com/${tid}` }, {}, ["true"]],
    ["not without it", { instanceAware: false }, {}, []],
    ["as the request has it", {}, { instance_aware: "false" }, ["false"]],
    ["by the request alone", { instanceAware: false }, { instance_aware: "true" }, ["true"]],
    ["beside other parameters", {}, { dc: "x" }, ["true"]],
  ])("a public client's sign-in says instance_aware %s", async (...[, auth, more, expected]) => {
    expect(await sent(library, auth, more)).toEqual(expected);
  });

  it("refuses it in a confidential client: the option at construction, the parameter in the request", async () => {
    const auth = { clientId, clientSecret: "the-secret" };
    const code = { errorCode: "unsupported_cca_instance_aware" };
    expect(
      () => new library.ConfidentialClientApplication({ auth: { ...auth, instanceAware: true } }),
    ).toThrow(expect.objectContaining(code));
    const app = new library.ConfidentialClientApplication({ auth: { ...auth, instanceAware: false } });
    for (const instance_aware of ["true", "false"]) {
      const request = { scopes, redirectUri, extraQueryParameters: { instance_aware } };
      await expect(app.getAuthCodeUrl(request)).rejects.toMatchObject(code);
    }
  });
});

it.each<[string, Partial<tessera.NodeAuthOptions>, Record<string, string> | undefined]>([
  ["the option", {}, undefined],
  ["the parameter of the request", { instanceAware: false }, { instance_aware: "true" }],
])(
  "by %s, the code is redeemed in the cloud of the answer, and the tokens are kept there",
  async (...[, auth, more]) => {
    const { app, networkClient } = publicApp(tessera, auth);
    const request = { scopes, redirectUri, code: answer.code, extraQueryParameters: more };
    const { account } = await app.acquireTokenByCode(request, answer);
    expect(networkClient.lines().at(-1)).toMatch(`POST ${us}/common/oauth2/v2.0/token`);
    expect(account).toMatchObject({ environment: "login.microsoftonline.us", tenantId: tid });
    const sentBefore = networkClient.requests.length;
    const silent = await app.acquireTokenSilent({
      scopes,
      account: account ?? ({} as tessera.AccountInfo),
      extraQueryParameters: more,
    });
    expect(silent.accessToken).toBe("token for authorization_code");
    expect(networkClient.requests).toHaveLength(sentBefore);
  },
);

describe("an ID token that comes with the code (code id_token) is of the cloud that answers", () => {
  const begin = async (auth: Partial<tessera.NodeAuthOptions> = {}) => {
    const details: { nonce?: string } = {};
    const networkClient = usNetwork(details);
    const app = new tessera.PublicClientApplication({
      auth: { clientId, instanceAware: true, ...auth },
      system: { networkClient },
    });
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, responseType: "code id_token" });
    const front = (issuer: string, signingKey = usKey.privateKey) => {
      const iat = Math.floor(Date.now() / 1000);
      const c_hash = createHash("sha256").update(answer.code).digest().subarray(0, 16).toString("base64url");
      const claims = { iss: `${issuer}/${tid}/v2.0`, aud: clientId, tid, oid: "ada", sub: "ada", iat };
      const signed = `${encode({ alg: "RS256", kid: "us" })}.${encode({ ...claims, exp: iat + 3600, c_hash, nonce: flow.nonce })}`;
      return `${signed}.${sign("sha256", Buffer.from(signed), signingKey).toString("base64url")}`;
    };
    const finish = (id_token: string) =>
      app.acquireTokenByAuthCodeFlow(flow, { ...answer, state: flow.state, id_token });
    return { flow, front, finish, details, sent: networkClient };
  };

  it("and is verified there, with its keys", async () => {
    const { flow, front, finish, details, sent } = await begin();
    details.nonce = flow.nonce;
    const { account } = await finish(front(us));
    expect(account).toMatchObject({ environment: "login.microsoftonline.us", tenantId: tid });
    expect(
      sent.lines().filter((line) => !line.startsWith(`GET ${us}/`) && !line.startsWith(`POST ${us}/`)),
    ).toEqual([]);
  });

  it.each<[string, Partial<tessera.NodeAuthOptions>, string, typeof usKey.privateKey | undefined]>([
    ["of the cloud that was asked", {}, "https://login.microsoftonline.com", undefined],
    ["signed with another key", {}, us, rsaKeyPair("instance-stranger").privateKey],
    ["of another cloud than asked, without the option", { instanceAware: false }, us, undefined],
  ])("one %s is refused", async (...[, auth, issuer, key]) => {
    const { front, finish, sent } = await begin(auth);
    await expect(finish(front(issuer, key))).rejects.toThrow();
    expect(sent.lines().filter((line) => line.startsWith("POST"))).toEqual([]);
  });
});

it.each<[string, typeof tessera, Partial<tessera.NodeAuthOptions>, Record<string, string> | undefined]>([
  ["tessera, without the option", tessera, { instanceAware: false }, undefined],
  ["tessera, where the request says no", tessera, {}, { instance_aware: "false" }],
  ["the peer, without the option", peer, { instanceAware: false }, undefined],
  ["the peer, with the option", peer, {}, undefined],
])("%s: the code is redeemed at the authority of the request", async (...[, library, auth, more]) => {
  const { app, networkClient } = publicApp(library, auth);
  const request = { scopes, redirectUri, code: answer.code, extraQueryParameters: more };
  // Nobody answers there.
  await expect(app.acquireTokenByCode(request, answer)).rejects.toThrow();
  expect(networkClient.lines().at(-1)).toMatch(
    "POST https://login.microsoftonline.com/common/oauth2/v2.0/token",
  );
});

it("a confidential client refuses the parameter wherever a sign-in begins, before anything is sent", async () => {
  const networkClient = usNetwork();
  const app = new tessera.ConfidentialClientApplication({
    auth: { clientId, clientSecret: "the-secret", authority: "https://login-us.microsoftonline.com/common" },
    system: { networkClient },
  });
  const begun = app.initiateAuthCodeFlow({
    scopes,
    redirectUri,
    extraQueryParameters: { instance_aware: "true" },
  });
  await expect(begun).rejects.toMatchObject({ errorCode: "unsupported_cca_instance_aware" });
  expect(networkClient.requests).toEqual([]);
});

it("a sign-in of both halves, and the end of the session, say it as well", async () => {
  const { app } = publicApp(tessera);
  const { authUrl } = await app.initiateAuthCodeFlow({ scopes, redirectUri });
  const logout = await app.buildEndSessionUrl();
  for (const url of [authUrl, logout]) expect(new URL(url).searchParams.get("instance_aware")).toBe("true");
});

it("an identity provider without clouds is not told", async () => {
  const oidcAuthority = "https://idp.example/Staff";
  const networkClient = recordedNetwork(() => ({ body: documentAt(oidcAuthority) }));
  const app = new tessera.PublicClientApplication({
    auth: { clientId, oidcAuthority, instanceAware: true },
    system: { networkClient },
  });
  const url = await app.getAuthCodeUrl({ scopes, redirectUri });
  expect(new URL(url).searchParams.has("instance_aware")).toBe(false);
});

it.each(["true", 1, {}])("a value that is neither true nor false is refused: %j", (instanceAware) => {
  const auth = { clientId, instanceAware: instanceAware as boolean };
  expect(() => new tessera.PublicClientApplication({ auth })).toThrow(
    expect.objectContaining({ errorCode: "invalid_option" }),
  );
});
