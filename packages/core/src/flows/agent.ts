import type { AuthorityUrl } from "../authority/authority-url.js";
import type { RegionAsk } from "../authority/region.js";
import { claimsOf, isHomeTenant } from "../cache/account-info.js";
import { findUserOfAgent, type KnownUser } from "../cache/memory/agent-users.js";
import { findTokens, type AccessTokenQuery } from "../cache/memory/find.js";
import { appPartition, userPartition } from "../cache/memory/partition-key.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import type { AgentClient, Client } from "../client/client.js";
import { clientAuthError, isAuthError } from "../errors/errors.js";
import { cacheFirst, type Wanted } from "../exchange/cache-first.js";
import { begun, waitWithin } from "../flight/deadline.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import { redeem } from "../exchange/redeem.js";
import { userScopes } from "../exchange/user-scopes.js";
import { wrongType } from "../request/field-types.js";
import type { Miss } from "../request/miss.js";
import { emptyChoice } from "../request/request-keys.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import { nameIn } from "../response/id-token.js";
import type { AuthenticationResult } from "../result.js";
import { agentClient, inLeg, ownToken } from "./agent-identity.js";
import { tenantAuthority } from "./app-tokens.js";
import { appToken } from "./client-credentials.js";
import { userGrant } from "./user-federated-identity.js";

/** A user that an agent acts as, by object id or by user name. */
export type AgentUser =
  | { readonly objectId: string; readonly username?: undefined }
  | { readonly username: string; readonly objectId?: undefined };

/** Request for a token of an agent identity. */
export interface AgentInput extends BaseRequest {
  /** Client id of the agent identity. */
  readonly agentId: string;
  /** Without `user`, exactly one: `{resource}/.default`. */
  readonly scopes: readonly string[];
  /** The user that the agent acts as. Without it, the agent acts as itself. */
  readonly user?: AgentUser;
  /** Request a new token for the resource even if one is cached. */
  readonly skipCache?: boolean;
}

type AgentRequest = TokenRequest<AgentInput>;

/**
 * Returns a token with which an agent identity (Entra Agent ID) acts as itself or as a user, from the cache or in up to
 * three requests. The application is the agent's blueprint: its token for the agent (leg 1) is the agent's credential for
 * a token of its own (leg 2), and that is its credential for a user's token (leg 3). Each of them is cached by itself and
 * requested once for all concurrent callers.
 *
 * @param region where app-only tokens are requested
 * @throws ClientAuthError `missing_tenant_id_error`, `missing_user_identifier`, `conflicting_user_identifiers`;
 * ServerError, InteractionRequiredAuthError with the leg as `agentLeg`
 * @example
 * ```ts
 * const scopes = ["https://graph.microsoft.com/.default"];
 * const asItself = await agentToken(client, { agentId, scopes });
 * const asUser = await agentToken(client, { agentId, scopes, user: { username } });
 * ```
 */
export async function agentToken(
  client: Client,
  input: AgentInput,
  region?: RegionAsk,
): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input, true);
  const agent = agentClient(client, request.given.agentId, request.correlationId);
  const user = userOf(request);
  if (user) return userToken(agent, request, user, region);
  const found = appToken(
    agent,
    request,
    { region, proof: agent.proof },
    { skipCache: request.given.skipCache },
  );
  return found instanceof Promise ? found.catch(inLeg("agent")) : found;
}

async function userToken(
  agent: AgentClient,
  asked: AgentRequest,
  user: IdentifiedUser,
  region: RegionAsk | undefined,
): Promise<AuthenticationResult> {
  const url = tenantAuthority(agent, asked);
  const key = `${url.href} ${user.key}`;
  let known = agent.users.get(key);
  const request = known ? asked : begun(asked);
  const wish: UserWish = { request, url, flow: ["user_fic", key], agent, user, region };
  if (request.given.skipCache || request.claims) return send(agent, wish, "forced");
  if (!known) {
    known = await waitWithin(asked, recalled(agent, url, user));
    if (!known) {
      agent.cache.countLookup(false);
      return send(agent, wish, "not_found");
    }
    agent.users.set(key, known);
  }
  return cacheFirst(agent, wantedFor(wish, known), send);
}

/** Which user's token to request. */
interface UserWish extends Pick<Wanted, "request" | "url" | "flow"> {
  readonly agent: AgentClient;
  readonly user: IdentifiedUser;
  readonly region: RegionAsk | undefined;
}

interface WantedForUser extends Wanted, UserWish {
  /** The user's name must still be this one. */
  readonly username: string | undefined;
}

function send(_client: Client, wish: UserWish, miss: Miss): Promise<AuthenticationResult> {
  const { agent, request, url, user, region } = wish;
  return sharedExchange(agent, request, wish, async (exchange) => {
    const result = await withOwnToken(wish, exchange, (assertion) => {
      const authentication = { assertion: agent.proof(url.href, exchange.call, region), isStep: true };
      const grant = userGrant(userScopes(exchange), { ...user.sent, assertion });
      return redeem(exchange, { ...grant, authentication, miss, owner: { kind: "user", agent: true } });
    });
    remember(wish, result);
    return result;
  }).catch(inLeg("user"));
}

/** Remembers the user under what the user was asked for by, and under the current name. */
function remember(
  { agent: { users }, url: { href }, user }: UserWish,
  { account, tenantId }: AuthenticationResult,
): void {
  if (!account) return;
  const { homeAccountId, idTokenClaims = {} } = account;
  const partition = userPartition(homeAccountId);
  const username = nameIn(idTokenClaims);
  users.set(`${href} ${user.key}`, { partition, username: user.sent.username && username });
  // Another tenant may have given its own user any name.
  if (username && isHomeTenant(tenantId, homeAccountId))
    users.set(`${href} ${keyOfName(username)}`, { partition, username });
}

function wantedFor(wish: UserWish, { partition, username }: KnownUser): WantedForUser {
  const { request, url, flow, agent, user, region } = wish;
  const query: AccessTokenQuery = {
    partition,
    clientId: agent.clientId,
    environments: agent.authorities.aliasesOf(url.host),
    kind: url.kind,
    realms: [tenantOf(agent, url)],
    scopes: request.scopes,
    resource: request.resource,
    components: request.components,
  };
  const isServed = username === undefined ? undefined : hasStillName;
  return { request, url, flow, query, isServed, renewsEarly: true, agent, user, region, username };
}

/** The name may have been given to another user, whom only the server knows. */
function hasStillName(_client: Client, memory: TokenMemory, { query, username }: WantedForUser): boolean {
  const idToken = findTokens(memory, query)?.idToken;
  return !idToken || nameIn(claimsOf(idToken)) === username;
}

/** Returns a user whose tokens may be in the cache although this process has not requested them. */
function recalled(
  agent: AgentClient,
  url: AuthorityUrl,
  { sent: { userObjectId, username = "" } }: IdentifiedUser,
): KnownUser | undefined | Promise<KnownUser | undefined> {
  const tenant = tenantOf(agent, url);
  if (userObjectId !== undefined)
    return { partition: userPartition(`${userObjectId.toLowerCase()}.${tenant}`) };
  const partition = appPartition(agent.clientId, url.realm);
  return agent.cache.read(partition, (memory) =>
    findUserOfAgent(memory, {
      partition,
      clientId: agent.clientId,
      environments: agent.authorities.aliasesOf(url.host),
      realms: [tenant],
      username: username.toLowerCase(),
    }),
  );
}

/** The tenant under which a user's tokens are cached. */
function tenantOf({ authorities }: Client, url: AuthorityUrl): string {
  return authorities.tenantIdOf(url) ?? url.tenant;
}

/** The codes with which Entra refuses the agent's own token as the credential for a user's: it is not valid, or has expired. */
const REFUSED: ReadonlySet<unknown> = new Set([50013, 500133]);

/** Passes the agent's own token on, and once another one if it is refused. */
async function withOwnToken(
  { agent, region }: UserWish,
  exchange: Exchange,
  use: (token: string) => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  const token = await ownToken(agent, exchange, { region });
  try {
    return await use(token);
  } catch (error) {
    if (!isAuthError(error, "ServerError") || !REFUSED.has(error.errorNo)) throw error;
    return use(await ownToken(agent, exchange, { region, refusedToken: token }));
  }
}

interface IdentifiedUser {
  readonly sent: { readonly userObjectId?: string; readonly username?: string };
  /** Equal for spellings of one id or name. */
  readonly key: string;
}

function userOf({ given: { user }, correlationId }: AgentRequest): IdentifiedUser | undefined {
  if (user === undefined) return undefined;
  if (typeof user !== "object")
    throw wrongType("user", user, "an object with either objectId or username", correlationId);
  const objectId = checkedText(user.objectId, "user.objectId", correlationId);
  const username = checkedText(user.username, "user.username", correlationId);
  if (objectId !== undefined && username !== undefined) {
    throw clientAuthError(
      "conflicting_user_identifiers",
      "user.objectId and user.username are both set: set only one.",
      { correlationId },
    );
  }
  if (objectId !== undefined)
    return { sent: { userObjectId: objectId }, key: `id ${objectId.toLowerCase()}` };
  if (username !== undefined) return { sent: { username }, key: keyOfName(username) };
  throw clientAuthError(
    "missing_user_identifier",
    "Neither user.objectId nor user.username is set: set one of them, or omit user for the agent itself.",
    { correlationId },
  );
}

function keyOfName(username: string): string {
  return `name ${username.toLowerCase()}`;
}

function checkedText(value: unknown, field: string, correlationId: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw wrongType(field, value, "a string", correlationId);
  if (value === "") throw emptyChoice(field, correlationId);
  return value;
}
