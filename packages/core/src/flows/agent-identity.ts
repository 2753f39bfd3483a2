import { tokenExchangeResource } from "../authority/clouds.js";
import type { RegionAsk } from "../authority/region.js";
import { BoundedMap } from "../bounded-map.js";
import type { AgentClient, Client } from "../client/client.js";
import { Failures } from "../http/failures.js";
import type { AssertionSource } from "../credential/assertion-source.js";
import { createAuthenticator } from "../credential/client-credential.js";
import { ServerTelemetry } from "../dialect/entra-telemetry.js";
import { clientConfigurationError, copyFor, isAuthError } from "../errors/errors.js";
import type { Exchange } from "../exchange/exchange.js";
import { SingleFlight } from "../flight/single-flight.js";
import type { Call } from "../http/transport.js";
import { wrongType } from "../request/field-types.js";
import { emptyChoice } from "../request/request-keys.js";
import { clientCredentials } from "./client-credentials.js";

/** Maximum number of users that an agent remembers. */
const MOST_USERS = 1000;

/**
 * Returns the client of an agent identity. Its tokens are cached under its own client id, and its calls are shared only
 * among themselves.
 *
 * @throws ClientConfigurationError `invalid_option` for an id that is missing, or that is the blueprint's
 */
export function agentClient(blueprint: Client, agentId: unknown, correlationId: string): AgentClient {
  if (typeof agentId !== "string")
    throw wrongType("agentId", agentId, "the client id of the agent identity", correlationId);
  const known = blueprint.agents.get(agentId);
  if (known) return known;
  if (agentId.trim() === "") throw emptyChoice("agentId", correlationId);
  if (agentId.toLowerCase() === blueprint.clientId.toLowerCase()) {
    throw clientConfigurationError(
      "invalid_option",
      `agentId ${JSON.stringify(agentId)} is the client id of the application itself, the agent's blueprint: pass that of the agent identity.`,
      { correlationId },
    );
  }
  const agent = createAgent(blueprint, agentId);
  blueprint.agents.set(agentId, agent);
  return agent;
}

function createAgent(blueprint: Client, agentId: string): AgentClient {
  const { clock } = blueprint;
  const { timeAt } = blueprint.transport.hosts;
  return {
    ...blueprint,
    clientId: agentId,
    // A request without the proof below must not be sent with the blueprint's credential.
    authenticate: createAuthenticator(
      { kind: "none" },
      { clientId: agentId, method: undefined, clock, timeAt },
    ),
    secret: undefined,
    flights: new SingleFlight(),
    failures: new Failures(clock),
    renewals: blueprint.renewals.copy(),
    telemetry: new ServerTelemetry(),
    proof: (authority, call, region) => blueprintToken(blueprint, { agentId, authority, region }, call),
    users: new BoundedMap(MOST_USERS),
  };
}

interface BlueprintTokenRequest {
  readonly agentId: string;
  readonly authority: string;
  readonly region: RegionAsk | undefined;
}

/** Leg 1: the agent's credential is a token that its blueprint requests for it. A refused one is requested once more. */
function blueprintToken(
  blueprint: Client,
  { agentId, authority, region }: BlueprintTokenRequest,
  { correlationId, signal, budget }: Call,
): AssertionSource {
  return async ({ refusedAssertion }) => {
    const scopes = exchangeScopes(blueprint, authority);
    const request = { scopes, authority, correlationId, signal, refusedToken: refusedAssertion };
    const result = clientCredentials(blueprint, { ...request, fmiPath: agentId }, { region, budget });
    return (await result.catch(inLeg("blueprint"))).accessToken;
  };
}

/** Leg 2: the agent's own token, with which it proves itself when it asks for that of a user. */
export async function ownToken(
  agent: AgentClient,
  { authority: { url }, call: { correlationId, signal, budget } }: Exchange,
  { region, refusedToken }: { readonly region: RegionAsk | undefined; readonly refusedToken?: string },
): Promise<string> {
  const scopes = exchangeScopes(agent, url.href);
  const request = { scopes, authority: url.href, correlationId, signal, refusedToken };
  const result = clientCredentials(agent, request, { region, proof: agent.proof, budget });
  return (await result.catch(inLeg("agent"))).accessToken;
}

function exchangeScopes({ authorities }: Client, authority: string): readonly string[] {
  return [`${tokenExchangeResource(authorities.url(authority).host)}/.default`];
}

const REQUESTED = {
  blueprint: "the blueprint's token for the agent (leg 1)",
  agent: "the agent's own token (leg 2)",
  user: "the user's token for the agent (leg 3)",
} as const;

/** Returns a handler that says in a server's refusal which token of an agent was refused, unless it says so already. */
export function inLeg(agentLeg: keyof typeof REQUESTED): (error: unknown) => never {
  return (error) => {
    const isRefusal = isAuthError(error, "ServerError") || isAuthError(error, "InteractionRequiredAuthError");
    if (!isRefusal || error.agentLeg) throw error;
    const named = copyFor(error, error.correlationId);
    if (error.metadata) named.metadata = error.metadata;
    const { message, stack } = named;
    named.agentLeg = agentLeg;
    named.errorMessage = `Requesting ${REQUESTED[agentLeg]}: ${error.errorMessage}`;
    named.message = `${named.errorCode}: ${named.errorMessage}`;
    if (stack !== undefined) named.stack = stack.replace(message, () => named.message);
    throw named;
  };
}
