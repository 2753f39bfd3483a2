// Small differences of docs/differences.md, each shown by the same call to both libraries, without a server.
// proves: node/src/msal/crypto-provider.ts
import * as peer from "@azure/msal-node";
import { expect, it } from "@jest/globals";
import { tesseraAsPeer } from "../support/both-libraries.js";

type Library = typeof peer;
const auth = {
  clientId: "11111111-2222-4333-8444-555555555555",
  clientSecret: "secret",
  authority: "https://login.microsoftonline.com/contoso.example",
};
const { clientSecret: _, ...publicAuth } = auth;
/** Nothing is to be sent; what is, fails. */
const networkClient: peer.INetworkModule = {
  sendGetRequestAsync: (url) => Promise.reject(new Error(`GET ${url}`)),
  sendPostRequestAsync: (url) => Promise.reject(new Error(`POST ${url}`)),
};
const confidential = (library: Library) =>
  new library.ConfidentialClientApplication({ auth, system: { networkClient } });
const redirectUri = "http://localhost";
const ask = { scopes: ["User.Read"], redirectUri };

/** A network that notes the last form and does not answer. */
function recording(): { readonly sent: () => URLSearchParams; readonly answers: peer.INetworkModule } {
  let body = "";
  const sendPostRequestAsync: peer.INetworkModule["sendPostRequestAsync"] = (_url, options) => {
    body = options?.body ?? "";
    return Promise.reject(new Error("no answer"));
  };
  return { sent: () => new URLSearchParams(body), answers: { ...networkClient, sendPostRequestAsync } };
}

const appToken = async <T>(): Promise<peer.NetworkResponse<T>> => ({
  headers: {},
  status: 200,
  body: { token_type: "Bearer", access_token: "token", expires_in: 3600 } as T,
});
const stored = {
  Account: {
    "uid.utid-login.windows.net-utid": {
      home_account_id: "uid.utid",
      environment: "login.windows.net",
      realm: "utid",
      local_account_id: "uid",
      username: "alice@contoso.example",
      authority_type: "MSSTS",
    },
  },
};

/** The code of what is thrown, or the name of its class; or what is returned. */
async function outcome(run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    const { errorCode, name } = error as peer.AuthError;
    return errorCode ?? name;
  }
}

interface Difference {
  readonly run: (library: Library) => unknown;
  readonly peer: unknown;
  readonly tessera: unknown;
}

it.each(
  Object.entries<Difference>({
    "a cache that is not JSON": {
      run: (library) => confidential(library).getTokenCache().deserialize("no JSON"),
      peer: "SyntaxError",
      tessera: "invalid_cache_content",
    },
    "length of a PKCE verifier": {
      run: async (library) => (await new library.CryptoProvider().generatePkceCodes()).verifier.length,
      peer: 44,
      tessera: 43,
    },
    "text of an error that is made without one": {
      run: (library) => /https:/.test(new library.AuthError("code", "").message),
      peer: true,
      tessera: false,
    },
    "federated credential without scopes": {
      run: (library) =>
        confidential(library).acquireTokenByUserFederatedIdentityCredential({
          scopes: [],
          assertion: "assertion",
          username: "alice",
        }),
      peer: "network_error",
      tessera: "empty_input_scopes_error",
    },
    "an error in the parameters of the callback": {
      run: (library) =>
        confidential(library).acquireTokenByCode(
          { ...ask, code: "code" },
          // A failed response has no code of its own.
          Object.assign({ code: "code" }, { error: "access_denied" }),
        ),
      peer: "network_error",
      tessera: "access_denied",
    },
    "Model Context Protocol: a URL without a resource": {
      run: (library) =>
        new library.PublicClientApplication({
          auth: { ...publicAuth, isMcp: true },
          system: { networkClient },
        }).getAuthCodeUrl(ask),
      peer: expect.stringContaining("https://"),
      tessera: "resource_parameter_required",
    },
    "a bound token without a broker": {
      run: (library) =>
        confidential(library).acquireTokenByClientCredential({
          scopes: ["api://a/.default"],
          authenticationScheme: "pop",
        }),
      peer: "network_error",
      tessera: "unsupported_authentication_scheme",
    },
    "a client assertion that is empty": {
      run: (library) =>
        confidential(library).acquireTokenByClientCredential({
          scopes: ["api://a/.default"],
          clientAssertion: async () => "",
        }),
      peer: "network_error",
      tessera: "invalid_assertion",
    },
    "client_info that cannot be read": {
      run: async (library) => {
        const answers: peer.INetworkModule = {
          ...networkClient,
          sendPostRequestAsync: async <T>() => ({
            headers: {},
            status: 400,
            body: { error: "invalid_grant" } as T,
          }),
        };
        return new library.ConfidentialClientApplication({
          auth,
          system: { networkClient: answers },
        }).acquireTokenByCode({ ...ask, code: "code", clientInfo: "%%%" });
      },
      peer: "invalid_grant",
      tessera: "client_info_decoding_error",
    },
    "claims in conflict with those of the client": {
      run: async (library) => {
        const { sent, answers } = recording();
        await outcome(() =>
          new library.ConfidentialClientApplication({
            auth,
            system: { networkClient: answers },
          }).acquireTokenByClientCredential({
            scopes: ["api://a/.default"],
            claims: '{"access_token":{"nbf":{"value":"challenge"}}}',
            claimsFromClient: '{"access_token":{"nbf":{"value":"client"}}}',
          }),
        );
        const claims = JSON.parse(sent().get("claims") ?? "{}") as {
          access_token?: { nbf?: { value?: string } };
        };
        return claims.access_token?.nbf?.value;
      },
      peer: "client",
      tessera: "challenge",
    },
    "another client id, and a code for a single-page app, in the extra parameters": {
      run: async (library) => {
        const { sent, answers } = recording();
        const app = new library.ConfidentialClientApplication({ auth, system: { networkClient: answers } });
        const extraParameters = { client_id: "another", return_spa_code: "0" };
        const enableSpaAuthorizationCode = true;
        await outcome(() =>
          app.acquireTokenByCode({ ...ask, code: "code", enableSpaAuthorizationCode, extraParameters }),
        );
        const form = sent();
        return [form.get("client_id"), form.get("return_spa_code")];
      },
      peer: ["another", "0"],
      tessera: [auth.clientId, "1"],
    },
    "a user who is forgotten under another name of the host": {
      run: async (library) => {
        const cache = confidential(library).getTokenCache();
        cache.deserialize(JSON.stringify(stored));
        const [account] = await cache.getAllAccounts();
        if (account) await cache.removeAccount({ ...account, environment: "login.microsoftonline.com" });
        return (await cache.getAllAccounts()).length;
      },
      peer: 1,
      tessera: 0,
    },
    "fields that the peer adds to what is in the JSON": {
      run: async (library) => {
        const app = new library.ConfidentialClientApplication({
          auth,
          system: { networkClient: { ...networkClient, sendPostRequestAsync: appToken } },
        });
        await app.acquireTokenByClientCredential({ scopes: ["api://a/.default"] });
        const entities = Object.values(app.getTokenCache().getKVStore());
        return entities.some((entity) => typeof entity === "object" && "lastUpdatedAt" in entity);
      },
      peer: true,
      tessera: false,
    },
    "the hash in the key of a token that is bound to two things": {
      run: async (library) => {
        const app = new library.ConfidentialClientApplication({
          auth,
          system: { networkClient: { ...networkClient, sendPostRequestAsync: appToken } },
        });
        const bound = { fmiPath: "p", claimsFromClient: '{"a":1}' };
        await app.acquireTokenByClientCredential({ scopes: ["api://a/.default"], ...bound });
        const { AccessToken } = JSON.parse(app.getTokenCache().serialize()) as peer.JsonCache;
        return Object.keys(AccessToken)[0]?.slice(-43);
      },
      peer: "mzfa0jyojs_c9ndxgvkyg5tct23npwzvcygyqso_jpu",
      tessera: "6ybd1jncod8kamsixo8ylfpxabknlhr-lc6e1vk3uak",
    },
    "a redirect URI in a silent request of a public client": {
      run: (library) =>
        new library.PublicClientApplication({
          auth: publicAuth,
          system: { networkClient },
        }).acquireTokenSilent({
          scopes: ["User.Read"],
          redirectUri,
          account: {
            homeAccountId: "uid.utid",
            environment: "login.microsoftonline.com",
            tenantId: "utid",
            username: "",
            localAccountId: "uid",
          },
        }),
      peer: "redirect_uri_not_supported",
      tessera: "no_tokens_found",
    },
  }),
)("%s", async (_name, { run, peer: theirs, tessera: ours }) => {
  expect(await outcome(() => run(peer))).toEqual(theirs);
  expect(await outcome(() => run(tesseraAsPeer))).toEqual(ours);
});
