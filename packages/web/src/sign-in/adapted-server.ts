import type { IncomingMessage } from "node:http";
import type { WebUser } from "./session.js";

/** What the adapters of frameworks need of a sign-in. */
export interface AdaptedServer {
  readonly baseUrl: URL;
  readonly isRoute: (url: string) => boolean;
  readonly handle: (request: Request) => Promise<Response | undefined>;
  readonly user: (request: Request) => Promise<WebUser | undefined>;
  readonly webRequest: (request: IncomingMessage) => Request;
  readonly slidingCookie: (request: Request) => Promise<string | undefined>;
}
