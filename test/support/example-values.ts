// What the names of an example's scope stand for.
import { createClient, type HttpClient } from "@tessera/core";
import { DistributedCachePlugin, type NodeAuthOptions } from "@tessera/node";
import { exampleProvider } from "./example-provider.js";
import type { ExampleScope, WebSession } from "./example-scope.js";
import { signInOnDevice } from "./device-sign-in.js";
import type { Entra } from "./entra.js";
import { interactiveUser } from "./interactive-user.js";
import { signIn } from "./sign-in.js";
import { signInWithCode } from "./sign-in-with-code.js";

/** Makes the values of a scope, each when an example uses it. */
export type Values = {
  readonly [Name in keyof ExampleScope]: () => ExampleScope[Name] | Promise<ExampleScope[Name]>;
};

const redirectUri = "http://localhost:3000/redirect";
export const alice = { username: "alice@contoso.example", password: "alice-password" };
export const blueprint = {
  clientId: "c0c0c0c0-0000-4000-8000-0000000000a4",
  clientSecret: "contoso-daemon-secret",
};
export const webId = "c0c0c0c0-0000-4000-8000-0000000000a1";
export const agentId = "c0c0c0c0-0000-4000-8000-0000000000a9";
export const KERBEROS_TICKET = Buffer.from("a ticket").toString("base64");
const exchange = ["api://AzureADTokenExchange/.default"];

export function valuesOf(
  entra: Entra,
  signedIn: { readonly confidential: string; readonly public: string },
): Omit<Values, "issuer" | "openIdApp" | "registration" | "resource"> {
  const { auth } = entra.configuration("confidential");
  const { clientId, clientSecret = "", authority = "" } = auth;
  const user = deviceUser(entra);
  const clock = { now: entra.clock.now, sleep: user.sleep };

  const app = once(() => {
    const made = entra.confidential();
    made.getTokenCache().deserialize(signedIn.confidential);
    return made;
  });
  const client = once(() => {
    const credential = { kind: "secret", secret: clientSecret } as const;
    const made = createClient({ clientId, authority, credential, http: fetchClient, clock });
    made.cache.deserialize(signedIn.confidential);
    return made;
  });
  const provider = once(() => exampleProvider(clock));
  const account = once(async () => {
    const [found] = await app().getAllAccounts();
    if (!found) throw new Error("nobody is signed in");
    return found;
  });
  const session = once(async (): Promise<WebSession> => {
    const flow = await app().initiateAuthCodeFlow({ scopes: ["User.Read"], redirectUri });
    const { state, nonce, codeVerifier: verifier } = flow;
    return { flow, state, nonce, verifier, homeAccountId: (await account()).homeAccountId };
  });
  /** Proves the agent with a token of its blueprint. */
  const clientAssertion = async (): Promise<string> => {
    const parent = entra.confidential({ auth: blueprint });
    const request = { scopes: exchange, fmiPath: agentId };
    return (await parent.acquireTokenByClientCredential(request)).accessToken;
  };

  return {
    clientId: () => clientId,
    clientSecret: () => String(clientSecret),
    agentId: () => agentId,
    authority: () => authority,
    redirectUri: () => redirectUri,
    username: () => alice.username,
    password: () => alice.password,
    app,
    publicApp: () => {
      const { system } = entra.configuration("public");
      const made = entra.publicClient({ system: { ...system, clock } });
      made.getTokenCache().deserialize(signedIn.public);
      return made;
    },
    agent: () => {
      const agentAuth: Partial<NodeAuthOptions> = {
        clientId: agentId,
        clientSecret: undefined,
        clientAssertion,
      };
      return entra.confidential({ auth: agentAuth });
    },
    account,
    oidcApp: () => provider().app,
    logoutToken: () => provider().logoutToken,
    client,
    agentClient: () => {
      const credential = { kind: "assertion", assertion: clientAssertion } as const;
      return createClient({ clientId: agentId, authority, credential, http: fetchClient, clock });
    },
    session,
    query: async () => {
      const { searchParams } = await signIn((await session()).flow.authUrl, alice);
      return Object.fromEntries(searchParams) as ExampleScope["query"] & Record<string, string>;
    },
    oboAssertion: async () => {
      const scopes = [`api://${clientId}/access`];
      return (await signInWithCode(entra, entra.publicClient(), scopes, alice.username)).accessToken;
    },
    subjectToken: () => {
      const issued = { access_token: "issued", token_type: "Bearer", expires_in: 3600 };
      entra.authority.fault({ match: "token", body: JSON.stringify(issued) });
      return "a-subject-token";
    },
    refreshToken: () => {
      const entities = Object.values(app().getTokenCache().getKVStore());
      return String(entities.find(({ credentialType }) => credentialType === "RefreshToken")?.["secret"]);
    },
    redis: () => {
      const stored = new Map<string, string>();
      return {
        get: async (key) => stored.get(key) ?? null,
        set: async (key, value) => stored.set(key, value),
      };
    },
    cachePlugin: () =>
      new DistributedCachePlugin(
        { get: async () => "", set: async (_, value) => value },
        { getKey: async () => "", extractKey: async ({ homeAccountId }) => homeAccountId },
      ),
    kerberosTicket: () => async () => KERBEROS_TICKET,
    openBrowser: () => interactiveUser({ ...alice, ca: "" }).openBrowser,
    console: () => ({ ...console, log: user.read }),
  };
}

/** A user who follows the instructions of a device code; time passes while the library waits for her. */
function deviceUser({ clock }: Entra): {
  readonly read: (...line: readonly unknown[]) => void;
  readonly sleep: (milliseconds: number) => Promise<void>;
} {
  let signedIn: Promise<unknown> = Promise.resolve();
  return {
    read: (...line) => {
      const [, page, code] = /(https?:\/\/\S+).* code (\S+)/.exec(line.join(" ")) ?? [];
      if (page && code) signedIn = signInOnDevice(page, code, alice);
    },
    sleep: async (milliseconds) => {
      await signedIn;
      clock.advance(milliseconds / 1000);
    },
  };
}

/** `fetch` as the HTTP client of core. */
const fetchClient: HttpClient = {
  async send({ method, url, headers, body, signal }) {
    const response = await fetch(url, { method, headers, body: body ?? null, signal, redirect: "manual" });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  },
};

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
