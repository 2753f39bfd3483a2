import type { FastifyReplyParts, FastifyRequestParts, FastifyServer } from "../fastify-parts.js";
import type { RequestGuard } from "./request-guard.js";
import type { Demands } from "./demands.js";
import { checkIncoming, type Adapter } from "./node-adapter.js";
import { requestOf } from "../node-bridge.js";

/** A hook `onRequest` of Fastify. It sets `request.caller`. */
export type FastifyGuard = (request: FastifyRequestParts, reply: FastifyReplyParts) => Promise<unknown>;

/** A plugin of Fastify. */
export type FastifyMetadata = (server: FastifyServer) => Promise<void>;

/** Returns the hook that guards the routes it is given to. */
export function fastifyGuard(
  guard: RequestGuard,
  adapter: Adapter,
  demands: Demands | undefined,
): FastifyGuard {
  return async (request, reply) => {
    const { caller, response } = await checkIncoming(guard, adapter, request.raw, demands);
    if (response) return replied(reply, response);
    Object.assign(request, { caller });
    return undefined;
  };
}

/** Returns the plugin that serves the metadata. */
export function fastifyMetadata(
  guard: Pick<RequestGuard, "handle">,
  { base }: Adapter,
  metadataUrl: string,
): FastifyMetadata {
  const handler = async (request: FastifyRequestParts, reply: FastifyReplyParts): Promise<unknown> => {
    const response = await guard.handle(requestOf(request.raw, base));
    return response && replied(reply, response);
  };
  const url = new URL(metadataUrl).pathname;
  return async (server) => {
    server.route({ method: ["GET", "OPTIONS"], url, handler });
  };
}

async function replied(reply: FastifyReplyParts, response: Response): Promise<unknown> {
  reply.code(response.status);
  for (const [name, value] of response.headers) reply.header(name, value);
  return reply.send(await response.text());
}
