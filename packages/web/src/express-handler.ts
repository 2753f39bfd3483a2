import type { IncomingMessage, ServerResponse } from "node:http";

/** A middleware for Express. */
export type ExpressHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;
