import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { AuthenticationResult } from "@azure/msal-node";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { peerNetwork } from "../support/peer-network.js";
import { signIn } from "../support/sign-in.js";
import { createApp, redirectUri, signedIn, type App, type CacheJson } from "./schema-libraries.js";

export const interpreter = "/usr/bin/python3";

/** What `python/token_cache_cli.py` can be asked to do. */
export type Operation =
  "accounts" | "start_sign_in" | "finish_sign_in" | "silent" | "app_token" | "cached_app_token" | "sign_out";

/** A confidential client, a public one, and a public one of the family. */
export type AppName = "web" | "desktop" | "member";

export interface PythonAnswer {
  /** What msal-python returned: a token response, the state of a sign-in, a list of accounts; `null` for a miss. */
  readonly result: { readonly [field in "access_token" | "id_token" | "auth_uri"]?: string };
  readonly cache: CacheJson;
}

/** msal-python and Tessera at one local authority; nothing but a cache connects them. */
export interface PythonStage {
  readonly authority: LocalAuthority;
  readonly tenantId: string;
  /** Of the user who signs in. */
  readonly homeAccountId: string;
  /** Lets msal-python do something with a cache. `tenant` is the segment of the authority URL. */
  python(
    operation: Operation,
    app: AppName,
    cache: CacheJson,
    request?: object,
    tenant?: string,
  ): Promise<PythonAnswer>;
  pythonSignsIn(app: AppName, scopes: readonly string[], tenant?: string): Promise<PythonAnswer>;
  tessera(app: AppName, tenant?: string): App;
  tesseraSignsIn(app: App, scopes: string[]): Promise<AuthenticationResult>;
  /** The endpoints that were asked since `authority.clearRequests`. */
  requests(): readonly string[];
  /** The refresh tokens that were redeemed since then. */
  refreshTokensSent(): readonly string[];
  close(): Promise<void>;
}

export async function startPythonStage(): Promise<PythonStage> {
  const folder = await mkdtemp(join(tmpdir(), "tessera-python-"));
  const caFile = join(folder, "ca.pem");
  const guid = (end: string) => `c0c0c0c0-0000-4000-8000-000000000${end}`;
  const clientIds = { web: guid("0a1"), desktop: guid("0a2"), member: guid("0fa") };
  const authority = await startLocalAuthority({
    caFile,
    refreshTokenRotation: "strict",
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: clientIds.web, multiTenant: true },
          {
            clientId: clientIds.member,
            multiTenant: true,
            familyId: "1",
            redirectUris: ["http://localhost/*"],
          },
        ],
      },
    ],
  });
  const [tenant] = authority.config.tenants;
  const [user] = tenant?.users ?? [];
  if (!tenant || !user) throw new Error("the local authority has no default tenant");
  const network = peerNetwork(authority.caPem);
  const cli = startCli();
  const { host } = new URL(authority.url);
  const documents = new Map<string, unknown>();
  for (const at of [tenant.id, "common", "organizations"]) {
    const url = `https://${host}/${at}/v2.0/.well-known/openid-configuration`;
    documents.set(at, (await network.sendGetRequestAsync(url)).body);
  }
  authority.clearRequests();
  const registration = (name: AppName) => {
    const app = tenant.apps.find(({ clientId }) => clientId === clientIds[name]);
    if (!app) throw new Error(`the local authority has no app ${name}`);
    return app;
  };

  const python: PythonStage["python"] = async (operation, name, cache, request = {}, at = tenant.id) => {
    const { clientId, clientSecret } = registration(name);
    const answer = await cli.ask({
      operation,
      client_id: clientId,
      secret: clientSecret,
      authority: authority.authorityUrl(at),
      ca_file: caFile,
      cache: JSON.stringify(cache),
      ...request,
    });
    return { result: answer.result, cache: JSON.parse(answer.cache) as CacheJson };
  };
  return {
    authority,
    tenantId: tenant.id,
    homeAccountId: `${user.oid}.${tenant.id}`,
    python,
    pythonSignsIn: async (name, scopes, at) => {
      const { result: flow } = await python(
        "start_sign_in",
        name,
        {},
        { scopes, redirect_uri: redirectUri },
        at,
      );
      const callback = await signIn(flow.auth_uri ?? "", { ...user, ca: authority.caPem });
      const response = Object.fromEntries(callback.searchParams);
      const answer = await python("finish_sign_in", name, {}, { flow, response }, at);
      authority.clearRequests();
      return answer;
    },
    tessera: (name, at = tenant.id) => {
      const { clientId, clientSecret } = registration(name);
      // msal-python leaves the port out of `environment`, so the host is given as if it had the usual port.
      const withPort = (url: string) => url.replace("https://localhost/", `https://${host}/`);
      return createApp("tessera", {
        auth: {
          clientId,
          authority: `https://localhost/${at}`,
          knownAuthorities: ["localhost", host],
          // The document names the issuer with its port.
          authorityMetadata: JSON.stringify(documents.get(at) ?? {}),
          ...(clientSecret === undefined ? {} : { clientSecret }),
        },
        system: {
          networkClient: {
            sendGetRequestAsync: (url, options) => network.sendGetRequestAsync(withPort(url), options),
            sendPostRequestAsync: (url, options) => network.sendPostRequestAsync(withPort(url), options),
          },
        },
      });
    },
    tesseraSignsIn: async (app, scopes) => {
      const result = await signedIn(app, authority, scopes);
      authority.clearRequests();
      return result;
    },
    requests: () => authority.requests.map(({ endpoint }) => endpoint),
    refreshTokensSent: () => authority.requests.flatMap(({ form }) => form["refresh_token"] ?? []),
    close: async () => {
      await cli.close();
      await network.close();
      await authority.close();
      await rm(folder, { recursive: true });
    },
  };
}

interface Cli {
  ask(request: object): Promise<{ readonly result: PythonAnswer["result"]; readonly cache: string }>;
  close(): Promise<void>;
}

function startCli(): Cli {
  const script = fileURLToPath(new URL("python/token_cache_cli.py", import.meta.url));
  // An empty environment: its proxies and its certificate bundle would come before what the request says.
  const child = spawn(interpreter, [script], { stdio: ["pipe", "pipe", "inherit"], env: {} });
  const ended = once(child, "exit");
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error("msal-python has ended");
      const answer = JSON.parse(value) as Awaited<ReturnType<Cli["ask"]>> & { readonly failure?: string };
      if (answer.failure !== undefined) throw new Error(`msal-python: ${answer.failure}`);
      return answer;
    },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
