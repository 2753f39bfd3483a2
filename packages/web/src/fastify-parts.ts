import type { IncomingMessage, ServerResponse } from "node:http";

/** The parts of a Fastify request that are used. */
export interface FastifyRequestParts {
  readonly raw: IncomingMessage;
}

/** The parts of a Fastify reply that are used. */
export interface FastifyReplyParts {
  readonly raw: ServerResponse;
  hijack(): unknown;
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

/** The parts of a Fastify server that are used. */
export interface FastifyServer {
  decorateRequest(name: string, value: null): unknown;
  addHook(
    name: "onRequest",
    hook: (request: FastifyRequestParts, reply: FastifyReplyParts) => Promise<unknown>,
  ): unknown;
  route(options: {
    method: string[];
    url: string;
    handler: (request: FastifyRequestParts, reply: FastifyReplyParts) => Promise<unknown>;
  }): unknown;
}
