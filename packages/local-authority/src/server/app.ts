import { Hono } from "hono";
import { cors } from "hono/cors";
import { addConsole } from "../console/console-routes.js";
import { dialectAt } from "../dialects/dialects.js";
import { AadstsError } from "../errors/errors.js";
import type { Hosting } from "../emulator/hosting.js";
import type { Faults } from "./faults.js";
import { answerJson, type Env } from "../http/request-context.js";
import { nameEndpoint, type EndpointName, type Journal } from "../http/journal.js";
import { respondNotFound } from "./not-found.js";
import { isRegisteredOrigin } from "../http/redirect-uris.js";
import { checkHost } from "./check-host.js";
import { checkOrigin } from "./check-origin.js";
import { pageHeaders } from "../pages/layout.js";
import { errorPage } from "../pages/notice.js";
import { applyFault, authorityFaultBody, readRequest, recordRequest } from "./request-steps.js";
import { addRoutes, sharedPaths } from "./routes.js";
import type { AuthorityState } from "../state.js";

/** Endpoints that show errors to a user, as a page. */
const pageEndpoints: readonly EndpointName[] = [
  "authorize",
  "login",
  "select-account",
  "device-sign-in",
  "verify",
  "consent",
  "logout",
];

/** The parts of a running server that its endpoints do not need. */
export interface ServerContext {
  readonly journal: Journal;
  readonly faults: Faults;
  /** The emulated hosts. */
  readonly hosting: Hosting;
  /** The file that contains the CA certificate, if there is one. */
  readonly caFile?: string;
  readonly instanceMetadataUrl?: string;
  /** Aborted when the authority closes. */
  readonly closing: AbortSignal;
  /** Names by which the authority may be addressed, besides the loopback names. */
  readonly hosts: readonly string[];
}

/** Builds the request pipeline: check host and origin, serve the console, record the request, apply a fault, call the endpoint. */
export function createApp(state: AuthorityState, context: ServerContext): Hono<Env> {
  const { journal, faults, closing, hosts } = context;
  const isAppOrigin = (origin: string) =>
    state.directory.apps.some(({ redirectUris }) => isRegisteredOrigin(origin, redirectUris));
  // Some clients append a slash to regional token endpoints, and AD FS publishes its own with one.
  const app = new Hono<Env>({ strict: false });
  app.use(checkHost(hosts), checkOrigin(isAppOrigin));
  // Before the journal and the faults, which are about the requests of apps.
  addConsole(app, state, context);
  app.use(readRequest(state.clock), recordRequest(state.clock, journal));
  // CORS comes before the faults: a browser must be able to read a fault, and its preflight must not consume one.
  const shareWithApps = cors({ origin: (origin) => (isAppOrigin(origin) ? origin : null) });
  for (const path of sharedPaths) app.use(path, shareWithApps);
  app.use(applyFault(faults, closing, authorityFaultBody(state.url)));
  addRoutes(app, state);
  app.notFound((c) => respondNotFound(c, app.routes));

  app.onError((error, c) => {
    const trace = c.get("trace");
    if (!(error instanceof AadstsError)) {
      // This is a bug in this program: report it, and do not let the client mistake it for a protocol error.
      process.emitWarning(error instanceof Error ? error : String(error));
      return answerJson(c, { error: "server_error", error_description: String(error) }, 500);
    }
    const { pathname } = new URL(c.req.url);
    const { errorBody, errorStatus = error.status } = dialectAt(pathname);
    const body = errorBody(error, trace, state.url);
    if (!pageEndpoints.includes(nameEndpoint(pathname))) return answerJson(c, body, errorStatus);
    c.set("answer", body);
    return c.html(errorPage(error.code, body.error_description), errorStatus, pageHeaders());
  });
  return app;
}
