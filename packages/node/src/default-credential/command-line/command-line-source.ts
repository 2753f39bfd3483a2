import type { AuthenticationResult } from "@tessera/core";
import { newCorrelationId, systemClock, withinBounds, type Clock } from "@tessera/core/internal";
import type { AmbientTokenRequest, Source } from "../source.js";
import { checkTenant } from "../tenants.js";
import type { CommandLine } from "./command-line.js";
import { startOf } from "./executable.js";
import { keptToken, keptTokensOf, type Answer, type KeptToken, type KeptTokens } from "./kept-tokens.js";
import { runProgram } from "./run-program.js";
import { toolAnswer } from "./tool-answer.js";

/** How command lines are run. */
export interface CommandLineSettings {
  /** Tenant of requests that name none. */
  readonly tenantId?: string;
  /** Milliseconds until a tool that hangs is killed; 10,000 by default. */
  readonly processTimeoutInMs?: number;
  readonly clock?: Clock;
}

const PROCESS_TIMEOUT_MS = 10_000;

/** The user who is signed in to a command-line tool. The tool is asked once for each token. */
export function commandLineSource(tool: CommandLine, settings: CommandLineSettings): Source {
  const { tenantId: ownTenant, clock = systemClock } = settings;
  const limit = settings.processTimeoutInMs ?? PROCESS_TIMEOUT_MS;
  let tokens: KeptTokens | undefined;
  return {
    name: tool.name,
    async acquire(request) {
      const override = tool.override && (await tool.override(request));
      if (override) return resultOf(keptToken(override, clock.now()), request, false);

      tokens ??= keptTokensOf(tool);
      const { scopes, claims, refusedToken } = request;
      checkTenant(request.tenantId, ownTenant);
      const tenantId = request.tenantId || ownTenant || "";
      // Scopes that are not a list are refused below, since no token is kept for them.
      const key = `${tool.identity()}\n${tenantId}\n${Array.isArray(scopes) ? scopes.join(" ") : ""}`;
      if (refusedToken) tokens.forget(refusedToken);
      const kept = claims ? undefined : tokens.find(key, clock.now());
      if (kept) return resultOf(kept, request, true);

      const wanted = { ...request, tenantId };
      const args = tool.arguments(wanted);
      const ask = async (shared: AbortSignal): Promise<Answer> => {
        const start = startOf(tool.program, args);
        const run = start ? await runProgram(start, limit, clock, shared) : "not_installed";
        const answer = toolAnswer(tool, wanted, run, limit);
        return "unavailable" in answer ? answer : keptToken(answer, clock.now());
      };
      const store = tokens;
      const { signal, timeoutMs, correlationId = newCorrelationId() } = request;
      const answer = await withinBounds({ signal, timeoutMs, correlationId }, (bounded) =>
        store.renew(key, claims, bounded, ask),
      );
      return "unavailable" in answer ? answer : resultOf(answer, request, false);
    },
  };
}

function resultOf(
  { accessToken, expiresOn, hasAssumedLifetime, tenantId = "" }: KeptToken,
  { scopes, correlationId = newCorrelationId() }: AmbientTokenRequest,
  fromCache: boolean,
): AuthenticationResult {
  return {
    authority: "",
    uniqueId: "",
    tenantId,
    scopes: [...scopes],
    account: null,
    idToken: "",
    idTokenClaims: {},
    accessToken,
    fromCache,
    expiresOn: new Date(expiresOn),
    hasAssumedLifetime,
    tokenType: "Bearer",
    correlationId,
  };
}
