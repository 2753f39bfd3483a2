import type { IncomingMessage } from "node:http";
import type { RequestGuard } from "./request-guard.js";
import type { Demands } from "./demands.js";
import { checkIncoming, type Adapter } from "./node-adapter.js";
import { requestOf } from "../node-bridge.js";

/** What is used of a request of Fastify. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage;
}

/** What is used of a reply of Fastify. */
export interface FastifyReplyLike {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

/** A hook `onRequest` of Fastify. It sets `request.caller`. */
export type FastifyGuard = (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>;

/** A plugin of Fastify. */
export type FastifyMetadata = (instance: FastifyInstanceLike) => Promise<void>;

/** What is used of an instance of Fastify. */
export interface FastifyInstanceLike {
  route(options: {
    method: string[];
    url: string;
    handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>;
  }): unknown;
}

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
  const handler = async (request: FastifyRequestLike, reply: FastifyReplyLike): Promise<unknown> => {
    const response = await guard.handle(requestOf(request.raw, base));
    return response && replied(reply, response);
  };
  const url = new URL(metadataUrl).pathname;
  return async (instance) => {
    instance.route({ method: ["GET", "OPTIONS"], url, handler });
  };
}

async function replied(reply: FastifyReplyLike, response: Response): Promise<unknown> {
  reply.code(response.status);
  for (const [name, value] of response.headers) reply.header(name, value);
  return reply.send(await response.text());
}
