// proves: core/src/exchange/token-source.ts, core/src/response/seconds.ts, core/src/authority/resolver.ts,
// core/src/authority/instance-discovery.ts, core/src/response/key-source.ts,
// node/src/broker/broker-answers.ts, node/src/http/network-client.ts
// A field of the wrong type in a document or an answer is refused with a typed error, or counts as absent.
import { describe, expect, it } from "@jest/globals";
import {
  AuthError,
  ConfidentialClientApplication,
  PublicClientApplication,
  type AuthenticationResult,
  type INetworkModule,
} from "@tessera/node";
import {
  clientId,
  Network,
  redirectUri,
  scopes,
  tenant,
  tessera,
  type Answer,
} from "../support/cache-stage.js";
import { brokerAccount, brokerResult, fakeBroker } from "../support/fake-broker.js";
import { clientSecret, redeem, startFakeProvider } from "../support/fake-provider.js";
import { jsonText, resultOrAuthError, wrongValues } from "../support/wrong-types.js";

const cases = Object.entries(wrongValues);

describe("in documents and answers, any type is refused with a typed error or counts as absent:", () => {
  const host = "https://idp.example";
  const metadata: Answer = {
    issuer: host,
    authorization_endpoint: `${host}/authorize`,
    token_endpoint: `${host}/token`,
    jwks_uri: `${host}/keys`,
    end_session_endpoint: `${host}/logout`,
    device_authorization_endpoint: `${host}/device`,
    mtls_endpoint_aliases: { token_endpoint: `${host}/mtls` },
    id_token_signing_alg_values_supported: ["RS256"],
    token_endpoint_auth_methods_supported: ["client_secret_post"],
    token_endpoint_auth_signing_alg_values_supported: ["RS256"],
    response_modes_supported: ["query"],
    authorization_response_iss_parameter_supported: true,
  };
  const device: Answer = {
    ...{ user_code: "CODE", device_code: "device", verification_uri: `${host}/device`, message: "Go there" },
    ...{ verification_uri_complete: `${host}/device?code`, expires_in: 2, interval: 1 },
  };

  /** A network on which one provider answers with JSON texts. */
  function networkOf(answers: Readonly<Record<string, unknown>>): INetworkModule {
    const answer = async <T>(url: string) => {
      const path = Object.keys(answers).find((name) => url.includes(name)) ?? "";
      const body = jsonText(answers[path] ?? { error: "invalid_request" }) as T;
      return { status: path ? 200 : 400, headers: {}, body };
    };
    return { sendGetRequestAsync: answer, sendPostRequestAsync: answer };
  }
  /** A clock that jumps instead of waiting. */
  const clock = () => {
    let time = Date.now();
    return {
      now: () => time,
      sleep: async (milliseconds: number) => void (time += Math.max(1, milliseconds)),
    };
  };
  const oidcApp = (answers: Readonly<Record<string, unknown>>) => {
    const auth = { clientId, oidcAuthority: host };
    const system = { networkClient: networkOf(answers), clock: clock() };
    return {
      app: new ConfidentialClientApplication({ auth: { ...auth, clientSecret }, system }),
      user: new PublicClientApplication({ auth, system }),
    };
  };
  const deviceCodeCallback = () => undefined;

  it.each(Object.keys(metadata))("%s of a discovery document", async (member) => {
    for (const [, value] of cases) {
      const answers = { "openid-configuration": { ...metadata, [member]: value }, device, token: {} };
      const { app, user } = oidcApp(answers);
      await resultOrAuthError(() => app.acquireTokenByClientCredential({ scopes }));
      await resultOrAuthError(() => app.acquireTokenByCode({ code: "code", scopes, redirectUri }));
      await resultOrAuthError(() => app.buildEndSessionUrl());
      await resultOrAuthError(() => app.initiateAuthCodeFlow({ scopes, redirectUri }));
      await resultOrAuthError(() => user.acquireTokenByDeviceCode({ scopes, deviceCodeCallback }));
    }
  });

  it("an optional endpoint of the wrong type fails only those who need it", async () => {
    const answers = {
      "openid-configuration": { ...metadata, end_session_endpoint: null, introspection_endpoint: 5 },
      token: { access_token: "at", expires_in: 60 },
    };
    const { app } = oidcApp(answers);
    expect(await app.acquireTokenByClientCredential({ scopes })).toMatchObject({ accessToken: "at" });
    await expect(app.buildEndSessionUrl()).rejects.toMatchObject({
      errorCode: "end_session_endpoint_not_supported",
    });
  });

  it.each(Object.keys(device))("%s of a device code answer", async (field) => {
    for (const [, value] of cases) {
      const answers = {
        "openid-configuration": metadata,
        "/device": { ...device, [field]: value },
        "/token": { error: "authorization_pending" },
      };
      const { user } = oidcApp(answers);
      const call = user.acquireTokenByDeviceCode({ scopes, deviceCodeCallback, timeout: 60 });
      expect(await resultOrAuthError(() => call)).toBeInstanceOf(AuthError);
    }
  });

  it.each([
    "tenant_discovery_endpoint",
    "metadata",
    "error",
    "preferred_network",
    "preferred_cache",
    "aliases",
  ])("%s of an instance discovery document", async (member) => {
    const entra = "https://login.custom.example/tenant";
    const cloud = {
      preferred_network: "login.custom.example",
      preferred_cache: "login.custom.example",
      aliases: ["login.custom.example"],
    };
    for (const [, value] of cases) {
      const inside = member in cloud;
      const answers = {
        "discovery/instance": {
          tenant_discovery_endpoint: `${entra}/v2.0/.well-known/openid-configuration`,
          metadata: [inside ? { ...cloud, [member]: value } : cloud],
          ...(inside ? {} : { [member]: value }),
        },
        "openid-configuration": { ...metadata, issuer: `${entra}/v2.0` },
        token: { access_token: "at", expires_in: 60 },
      };
      const auth = { clientId, clientSecret, authority: entra };
      const app = new ConfidentialClientApplication({ auth, system: { networkClient: networkOf(answers) } });
      await resultOrAuthError(() => app.acquireTokenByClientCredential({ scopes: ["a/.default"] }));
    }
  });

  it.each([
    "account_type",
    "federation_protocol",
    "federation_metadata_url",
    "federation_active_auth_url",
    "cloud_audience_urn",
  ])("%s of a user realm", async (field) => {
    for (const [, value] of cases) {
      const realm = { account_type: "Managed", federation_protocol: "WSTrust", [field]: value };
      const app = new PublicClientApplication({
        auth: { clientId, authority: `https://login.microsoftonline.com/${tenant}` },
        system: { networkClient: networkOf({ userrealm: realm, token: { error: "invalid_grant" } }) },
      });
      const request = { scopes, username: "user@example.test", password: "password" };
      expect(await resultOrAuthError(() => app.acquireTokenByUsernamePassword(request))).toBeInstanceOf(
        AuthError,
      );
    }
  });

  it.each(["keys", "kty", "kid", "alg", "use", "key_ops", "issuer", "n"])(
    "%s of a key set hides no other key",
    async (member) => {
      const provider = await startFakeProvider();
      try {
        const { body } = await provider.answers.keys({} as never);
        const {
          keys: [key],
        } = body as { keys: [object] };
        for (const [, value] of cases) {
          const broken = member === "keys" ? value : { ...key, kid: "another", [member]: value };
          provider.answers.keys = () => ({ body: jsonText({ keys: [broken, key] }) });
          expect(await redeem(provider.confidential())).toMatchObject({ uniqueId: "user-1" });
        }
      } finally {
        await provider.close();
      }
    },
  );

  it.each(["accessToken", "expiresInSeconds", "refreshInSeconds"])(
    "%s of an app token provider",
    async (field) => {
      for (const [, value] of [...cases, ["no number", Number.NaN], ["infinity", Infinity]] as const) {
        const app = tessera(new Network());
        const provided = { accessToken: "at", expiresInSeconds: 3600, [field]: value };
        app.SetAppTokenProvider(async () => provided);
        const ask = () => app.acquireTokenByClientCredential({ scopes: ["a/.default"] });
        await resultOrAuthError(ask);
        const result = await resultOrAuthError(ask);
        if (!(result instanceof AuthError)) expect(Number.isFinite(result.expiresOn?.getTime())).toBe(true);
      }
    },
  );

  it("a whole answer of an app token provider", async () => {
    for (const [, value] of [...cases, ["nothing", undefined]] as const) {
      const app = tessera(new Network());
      app.SetAppTokenProvider(async () => value as never);
      const call = app.acquireTokenByClientCredential({ scopes: ["a/.default"] });
      await expect(call).rejects.toMatchObject({ errorCode: "invalid_token_response" });
    }
  });

  it.each(["oboAssertion", "sessionKey"])("%s of an on-behalf-of request", async (field) => {
    for (const [, value] of cases) {
      const app = tessera(new Network(() => ({ error: "invalid_grant" })));
      const request = { scopes, oboAssertion: "assertion", [field]: value } as never;
      expect(await resultOrAuthError(() => app.acquireTokenOnBehalfOf(request))).toBeInstanceOf(AuthError);
    }
  });

  it.each(["correlationId"])("%s of a request", async (field) => {
    for (const [, value] of cases) {
      const app = tessera(new Network(() => ({ error: "invalid_grant" })));
      const request = { scopes: ["a/.default"], [field]: value } as never;
      expect(await resultOrAuthError(() => app.acquireTokenByClientCredential(request))).toBeInstanceOf(
        AuthError,
      );
    }
  });

  const brokerApp = (answers: Parameters<typeof fakeBroker>[1]) =>
    new PublicClientApplication({
      auth: { clientId, authority: `https://login.microsoftonline.com/${tenant}` },
      broker: { nativeBrokerPlugin: fakeBroker(true, answers).plugin },
    });

  it.each(Object.keys(brokerAccount))("%s of a broker's account", async (field) => {
    for (const [, value] of cases) {
      const listed = [
        { ...brokerAccount, [field]: value },
        { ...brokerAccount, homeAccountId: "alice.utid" },
      ];
      const app = brokerApp({ getAllAccounts: async () => listed });
      const { username, tenantId } = brokerAccount;
      for (const filter of [{}, { username }, { tenantId }, { homeAccountId: "alice.utid" }]) {
        const found = await app.getAccounts(filter);
        expect(found.map(({ homeAccountId }) => homeAccountId)).toContain("alice.utid");
      }
    }
  });

  it.each(Object.keys(brokerResult))("%s of a broker's result", async (field) => {
    for (const [, value] of cases) {
      const answer = async () => ({ ...brokerResult, [field]: value }) as never;
      const app = brokerApp({ acquireTokenSilent: answer, acquireTokenInteractive: answer });
      const check = (result: AuthenticationResult | AuthError) => {
        if (result instanceof AuthError) return;
        expect(result.expiresOn === null || Number.isFinite(result.expiresOn.getTime())).toBe(true);
        expect(Array.isArray(result.scopes)).toBe(true);
      };
      check(await resultOrAuthError(() => app.acquireTokenSilent({ scopes, account: brokerAccount })));
      check(await resultOrAuthError(() => app.acquireTokenInteractive({ scopes })));
      check(await resultOrAuthError(() => app.acquireToken({ scopes, loginHint: "somebody@example.test" })));
    }
  });

  it("headers that an app's own HTTP client hands over", async () => {
    for (const [, value] of cases) {
      for (const header of ["Retry-After", "x-ms-request-id", "content-type"]) {
        const network: INetworkModule = {
          sendGetRequestAsync: async <T>() => ({
            status: 500,
            headers: { [header]: value } as never,
            body: "" as T,
          }),
          sendPostRequestAsync: async <T>() => ({
            status: 429,
            headers: { [header]: value } as never,
            body: { error: "busy" } as T,
          }),
        };
        const app = new ConfidentialClientApplication({
          auth: { clientId, clientSecret, authority: `https://login.microsoftonline.com/${tenant}` },
          system: { networkClient: network },
        });
        const ask = () => app.acquireTokenByClientCredential({ scopes: ["a/.default"] });
        expect(await resultOrAuthError(ask)).toBeInstanceOf(AuthError);
        expect(await resultOrAuthError(ask)).toBeInstanceOf(AuthError);
      }
    }
  });
});
