// Differences of docs/differences.md at OpenID Providers, at AD FS, on behalf of users and on the user's device: the same
// call to both libraries, answered by the same server.
import * as peer from "@azure/msal-node";
import { expect, it } from "@jest/globals";
import { tesseraAsPeer as tessera } from "../support/both-libraries.js";
import { rsaKeyPair } from "../support/rsa-keys.mjs";
import { SignJWT } from "jose";

type Library = typeof peer;
const libraries = { peer, tessera };

const clientId = "the-client";
const tenant = "11111111-2222-4333-8444-555555555555";
const host = "https://op.example";
const redirectUri = "http://localhost:3000";
const { publicKey, privateKey } = rsaKeyPair("provider");

interface Sent {
  readonly line: string;
  readonly query: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

type Answer = (sent: Sent) => object | undefined | Promise<object | undefined>;

/** Discovery and tokens as every provider has them; `answer` comes first. */
function provider(issuer: string, answer: Answer = () => undefined) {
  const sent: Sent[] = [];
  const base = issuer.replace(/\/v2\.0$/, "");
  const documents: Answer = async ({ line, form }) => {
    if (line.includes("/discovery/instance")) return { tenant_discovery_endpoint: "", metadata: [] };
    if (line.endsWith("/.well-known/openid-configuration"))
      return {
        issuer,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        jwks_uri: `${base}/keys`,
        device_authorization_endpoint: `${base}/devicecode`,
        token_endpoint_auth_methods_supported: ["client_secret_post"],
      };
    if (line.endsWith("/devicecode"))
      return {
        user_code: "user",
        device_code: "device",
        verification_uri: host,
        expires_in: 900,
        interval: 1,
      };
    if (line.endsWith("/keys")) return { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "key" }] };
    const isForUser = form["grant_type"] !== "client_credentials";
    return {
      token_type: "Bearer",
      access_token: "access token",
      expires_in: 3600,
      scope: form["scope"] ?? "api",
      ...(isForUser && { refresh_token: "refresh token", id_token: await idToken(issuer) }),
    };
  };
  const send = async (method: string, url: string, options?: peer.NetworkRequestOptions) => {
    const { origin, pathname, searchParams } = new URL(url);
    const one: Sent = {
      line: `${method} ${origin}${pathname}`,
      query: Object.fromEntries(searchParams),
      form: Object.fromEntries(new URLSearchParams(options?.body)),
      headers: options?.headers ?? {},
    };
    sent.push(one);
    const body = (await answer(one)) ?? (await documents(one));
    const status = body !== undefined && "error" in body ? 400 : 200;
    return { status, headers: {}, body: body as never };
  };
  const networkClient: peer.INetworkModule = {
    sendGetRequestAsync: (url, options) => send("GET", url, options),
    sendPostRequestAsync: (url, options) => send("POST", url, options),
  };
  return { sent, networkClient };
}

async function idToken(issuer: string): Promise<string> {
  const inTenant = issuer.includes(tenant) ? { oid: "oid", tid: tenant } : {};
  return new SignJWT({ sub: "sub", upn: "ada", preferred_username: "ada", ...inTenant })
    .setProtectedHeader({ alg: "RS256", kid: "key" })
    .setIssuer(issuer)
    .setAudience(clientId)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
}

interface Stage {
  readonly library: Library;
  readonly sent: readonly Sent[];
  readonly confidential: peer.ConfidentialClientApplication;
  readonly device: peer.PublicClientApplication;
}

interface At {
  readonly authority: string;
  readonly issuer?: string;
  readonly protocolMode?: peer.ProtocolMode;
  readonly answer?: Answer;
}

function stage(library: Library, { authority, issuer = authority, protocolMode, answer }: At): Stage {
  const { sent, networkClient } = provider(issuer, answer);
  const auth = { clientId, authority, knownAuthorities: [new URL(authority).host] };
  const system = { networkClient, ...(protocolMode && { protocolMode }) };
  return {
    library,
    sent,
    confidential: new library.ConfidentialClientApplication({
      auth: { ...auth, clientSecret: "secret" },
      system,
    }),
    device: new library.PublicClientApplication({ auth, system }),
  };
}

const code = { scopes: ["api"], redirectUri, code: "code" };
const openId: At = { authority: `${host}/Realms/One`, protocolMode: "OIDC" };
const adfs: At = { authority: "https://fs.example/adfs" };
const own: At = {
  authority: `https://login.example/${tenant}`,
  issuer: `https://login.example/${tenant}/v2.0`,
};

const onDevice = { scopes: ["api"], deviceCodeCallback: () => undefined };
const refused =
  (error: string): Answer =>
  ({ line }) =>
    line.endsWith("/token") ? { error } : undefined;

/** Each tenant has a document of its own. */
const documentOfTenant: Answer = ({ line }) => {
  const issuer = /^GET (.*)\/\.well-known\/openid-configuration$/.exec(line)?.[1];
  const base = issuer?.replace(/\/v2\.0$/, "");
  return issuer === undefined
    ? undefined
    : {
        issuer,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        jwks_uri: `${base}/keys`,
      };
};

type Entity = Readonly<Record<string, string>>;

function entities(app: peer.ConfidentialClientApplication, section: string): readonly Entity[] {
  const document = JSON.parse(app.getTokenCache().serialize()) as Record<string, Record<string, Entity>>;
  return Object.entries(document[section] ?? {}).map(([key, entity]) => ({ ...entity, key }));
}

async function failure(run: Promise<unknown>) {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown as peer.AuthError,
  );
  return error && [error.name, error.errorCode];
}

interface Difference {
  readonly at: At;
  readonly run: (stage: Stage) => Promise<unknown>;
  readonly peer: unknown;
  readonly tessera: unknown;
}

it.each(
  Object.entries<Difference>({
    "OpenID Providers: parameters of Entra": {
      at: openId,
      run: async ({ confidential, sent }) => {
        await confidential.acquireTokenByCode(code);
        const { form = {}, query = {} } = sent.find(({ line }) => line.endsWith("/token")) ?? {};
        return Object.keys({ ...form, ...query }).filter((name) =>
          /^(x-|client_info|clidata|client-req)/.test(name),
        );
      },
      peer: [
        "x-client-SKU",
        "x-client-VER",
        "x-client-OS",
        "x-client-CPU",
        "x-ms-lib-capability",
        "client_info",
        "client-request-id",
      ],
      tessera: [],
    },
    "OpenID Providers: path of the issuer in the discovery URL": {
      at: openId,
      run: async ({ confidential, sent }) => {
        await confidential.acquireTokenByCode(code);
        return sent[0]?.line;
      },
      peer: "GET https://op.example/realms/one/.well-known/openid-configuration",
      tessera: "GET https://op.example/Realms/One/.well-known/openid-configuration",
    },
    "OpenID Providers: realm of tokens": {
      at: openId,
      run: async ({ confidential }) => {
        await confidential.acquireTokenByCode(code);
        return entities(confidential, "AccessToken").map(({ realm }) => realm);
      },
      peer: ["realms"],
      // Capital letters are written so that two issuers which differ in nothing else are two.
      tessera: ["%52ealms/%4fne"],
    },
    "AD FS: a token from the cache": {
      at: adfs,
      run: async ({ confidential }) => {
        const { account } = await confidential.acquireTokenByCode(code);
        if (!account) throw new Error("no account");
        const cached = await confidential.acquireTokenSilent({ scopes: ["api"], account });
        return { fromCache: cached.fromCache, hasIdToken: cached.idToken !== "" };
      },
      peer: { fromCache: true, hasIdToken: false },
      tessera: { fromCache: true, hasIdToken: true },
    },
    "keys of on-behalf-of tokens": {
      at: own,
      run: async ({ confidential }) => {
        await confidential.acquireTokenOnBehalfOf({ scopes: ["api"], oboAssertion: "assertion" });
        // The token that is lent to the user's account has no hash.
        const token = entities(confidential, "AccessToken").find((entity) => "userAssertionHash" in entity);
        const renewals = entities(confidential, "RefreshToken").map((entity) => entity["userAssertionHash"]);
        const hash = token?.["userAssertionHash"] ?? "none";
        return [token?.["key"]?.endsWith(hash.toLowerCase()), renewals.includes(hash)];
      },
      peer: [false, false],
      tessera: [true, true],
    },
    "a device code that the server does not issue": {
      at: {
        ...own,
        answer: ({ line }) => (line.endsWith("/devicecode") ? { error: "invalid_client" } : undefined),
      },
      run: ({ device }) => failure(device.acquireTokenByDeviceCode(onDevice)),
      // Polls with a device code that is not one: this server answers with tokens.
      peer: undefined,
      tessera: ["ServerError", "invalid_client"],
    },
    "a device code whose user declines": {
      at: { ...own, answer: refused("authorization_declined") },
      run: ({ device }) => failure(device.acquireTokenByDeviceCode(onDevice)),
      peer: ["AuthError", "post_request_failed"],
      tessera: ["ServerError", "authorization_declined"],
    },
    "a device code that has expired": {
      at: { ...own, answer: refused("expired_token") },
      run: ({ device }) => failure(device.acquireTokenByDeviceCode(onDevice)),
      peer: ["AuthError", "post_request_failed"],
      tessera: ["ClientAuthError", "device_code_expired"],
    },
    "discovery of a second tenant on a host of one's own": {
      at: { ...own, answer: documentOfTenant },
      run: async ({ confidential, sent }) => {
        for (const authority of [own.authority, own.authority.replace(/5$/, "6")])
          await confidential.acquireTokenByClientCredential({ scopes: ["api/.default"], authority });
        const discovery = sent.filter(({ line }) => line.includes("openid-configuration"));
        const tokens = sent.filter(({ line }) => line.startsWith("POST"));
        return [discovery.length, new Set(tokens.map(({ line }) => line)).size];
      },
      peer: [1, 2],
      tessera: [2, 2],
    },
    "extraParameters of an app's own token": {
      at: own,
      run: async ({ confidential, sent }) => {
        const request = { scopes: ["api/.default"], extraParameters: { extra: "one" } };
        await confidential.acquireTokenByClientCredential(request);
        return sent.at(-1)?.form["extra"];
      },
      peer: undefined,
      tessera: "one",
    },
    "extraParameters of a device code": {
      at: own,
      run: async ({ device, sent }) => {
        await device.acquireTokenByDeviceCode({ ...onDevice, extraParameters: { extra: "one" } });
        return sent.flatMap(({ line, form }) => (line.startsWith("POST") ? [form["extra"]] : []));
      },
      peer: [undefined, undefined],
      tessera: [undefined, "one"],
    },
    "on behalf of a user, without scopes": {
      at: own,
      run: ({ confidential }) =>
        failure(confidential.acquireTokenOnBehalfOf({ scopes: [], oboAssertion: "assertion" })),
      peer: undefined,
      tessera: ["ClientConfigurationError", "empty_input_scopes_error"],
    },
  }),
)("%s", async (_, { at, run, ...expected }) => {
  const outcome = async (library: Library) => run(stage(library, at));
  expect({ peer: await outcome(libraries.peer), tessera: await outcome(libraries.tessera) }).toEqual(
    expected,
  );
});
