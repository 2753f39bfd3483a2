import {
  ConfidentialClientApplication,
  type AgentTokenRequest,
  type AuthenticationResult,
  type CacheOptions,
  type INetworkModule,
  type NetworkRequestOptions,
  type NetworkResponse,
  type NodeAuthOptions,
  type NodeSystemOptions,
} from "@tessera/node";
import { createTestClock, type TestClock } from "./test-clock.js";

export const blueprintId = "b0000000-0000-4000-8000-00000000000b";
export const tenants = ["10000000-0000-4000-8000-000000000001", "10000000-0000-4000-8000-000000000002"];
export const appScopes = ["https://graph.microsoft.com/.default"];
export const userScopes = ["User.Read"];

/** The id of an agent, by number. */
export const agent = (index: number): string => id("a", index);
/** The object id of a user, by number: another one in each tenant. */
export const user = (index: number, tenant = tenants[0] ?? ""): string =>
  id(tenant === tenants[0] ? "c" : "d", index);

function id(first: string, index: number): string {
  return `${first}0000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

/** A token request as it reached Entra. */
export interface AgentForm {
  readonly host: string;
  readonly tenant: string;
  /** `t1`, `t2`, `app` or `user`: what is asked for. */
  readonly leg: string;
  readonly form: Readonly<Record<string, string>>;
}

/** An error response. */
export interface Refusal {
  readonly error: string;
  readonly error_codes: readonly number[];
  readonly [field: string]: unknown;
}

/** An Entra with a blueprint and any number of agents and users, whose tokens say what they are for. */
export interface AgentStage {
  readonly clock: TestClock;
  readonly sent: AgentForm[];
  /** The current names: object ids by tenant and by name in lower case. */
  readonly names: Map<string, string>;
  /** Seconds that each kind of token lives. */
  readonly lifetimes: Record<string, number>;
  /** Answers a request with an error; `undefined` grants it. */
  refuse: (request: AgentForm) => Refusal | undefined;
  /** Called for each request, before it is answered. */
  arrived: (request: AgentForm) => Promise<void> | void;
  app(over?: {
    readonly auth?: Partial<NodeAuthOptions>;
    readonly cache?: CacheOptions;
    readonly system?: NodeSystemOptions;
  }): ConfidentialClientApplication;
  /** The legs that were sent since the last call. */
  legs(): readonly string[];
}

/** What a token is for, as it says itself: the leg, the tenant, the agent, the user and the scopes. */
export function purpose({ accessToken }: AuthenticationResult): Readonly<Record<string, string>> {
  return JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    string
  >;
}

export function agentStage(): AgentStage {
  const clock = createTestClock();
  let count = 0;
  const token = (says: object): string => {
    count += 1;
    return jwt({ ...says, count });
  };
  const send = async <T>(url: string, options: NetworkRequestOptions = {}): Promise<NetworkResponse<T>> => {
    const { host, pathname } = new URL(url);
    const form = Object.fromEntries(new URLSearchParams(options.body));
    const request = { host, tenant: pathname.split("/")[1] ?? "", leg: legOf(form), form };
    stage.sent.push(request);
    await stage.arrived(request);
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const refusal = stage.refuse(request) ?? refusalOf(request, clock.now() / 1000);
    if (refusal) return { status: 400, headers: {}, body: refusal as T };
    const now = Math.floor(clock.now() / 1000);
    const life = stage.lifetimes[request.leg] ?? 3600;
    const says = { leg: request.leg, tenant: request.tenant, agent: form["fmi_path"] ?? form["client_id"] };
    const body = {
      token_type: "Bearer",
      expires_in: life,
      ...(request.leg === "user"
        ? userTokens(request, says, { now, life, names: stage.names, token })
        : { access_token: token({ ...says, exp: now + life, scope: form["scope"] }) }),
    };
    return { status: "error" in body ? 400 : 200, headers: {}, body: body as T };
  };
  const networkClient: INetworkModule = { sendGetRequestAsync: send, sendPostRequestAsync: send };
  const stage: AgentStage = {
    clock,
    sent: [],
    names: new Map(),
    lifetimes: {},
    refuse: () => undefined,
    arrived: () => undefined,
    app: ({ auth, cache, system } = {}) =>
      new ConfidentialClientApplication({
        auth: {
          clientId: blueprintId,
          clientSecret: "the secret of the blueprint",
          authority: `https://login.microsoftonline.com/${tenants[0] ?? ""}`,
          ...auth,
        },
        ...(cache ? { cache } : {}),
        system: { networkClient, clock, ...system },
      }),
    legs: () => stage.sent.splice(0).map(({ leg }) => leg),
  };
  return stage;
}

/** Asks for a token of the first agent for the first user, or for whatever a test says. */
export function ask(
  app: ConfidentialClientApplication,
  over: Partial<AgentTokenRequest> = {},
): Promise<AuthenticationResult> {
  return app.acquireTokenForAgent({
    agentId: agent(0),
    scopes: userScopes,
    user: { objectId: user(0) },
    ...over,
  });
}

function legOf(form: Readonly<Record<string, string>>): string {
  if (form["grant_type"] === "user_fic") return "user";
  if (form["fmi_path"]) return "t1";
  return form["scope"]?.includes("TokenExchange") ? "t2" : "app";
}

/** What Entra checks: the agent proves itself with the blueprint's token for it, and a user's token takes its own. */
function refusalOf({ leg, tenant, form }: AgentForm, now: number): Refusal | undefined {
  if (leg === "t1") return undefined;
  const isFor = (jwt: string | undefined, wanted: string): boolean => {
    const said =
      jwt === undefined
        ? {}
        : (JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as Record<
            string,
            unknown
          >);
    return (
      said["leg"] === wanted &&
      said["tenant"] === tenant &&
      said["agent"] === form["client_id"] &&
      Number(said["exp"]) > now
    );
  };
  if (form["client_secret"] !== undefined || !isFor(form["client_assertion"], "t1"))
    return { error: "invalid_client", error_codes: [700213] };
  return leg === "user" && !isFor(form["user_federated_identity_credential"], "t2")
    ? { error: "invalid_grant", error_codes: [50013] }
    : undefined;
}

interface Issuing {
  readonly now: number;
  readonly life: number;
  readonly names: ReadonlyMap<string, string>;
  readonly token: (says: object) => string;
}

function userTokens(
  { host, tenant, form }: AgentForm,
  says: object,
  { now, life, names, token }: Issuing,
): object {
  const oid =
    form["user_id"]?.toLowerCase() ?? names.get(`${tenant} ${form["username"]?.toLowerCase() ?? ""}`);
  if (!oid) return { error: "invalid_grant", error_codes: [50034] };
  const [key = ` ${oid}@contoso.example`] = [...names].find(([, named]) => named === oid) ?? [];
  const claims = {
    iss: `https://${host}/${tenant}/v2.0`,
    ...{ aud: form["client_id"], sub: oid, oid, tid: tenant, iat: now, exp: now + life },
    preferred_username: key.split(" ")[1],
  };
  return {
    access_token: token({ ...says, exp: now + life, user: oid, scope: form["scope"]?.split(" ")[0] }),
    scope: form["scope"],
    id_token: jwt(claims),
    refresh_token: token({ leg: "refresh" }),
    client_info: encoded({ uid: oid, utid: tenant }),
  };
}

function jwt(claims: object): string {
  return [encoded({ alg: "RS256", kid: "1" }), encoded(claims), "c2lnbmF0dXJl"].join(".");
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
