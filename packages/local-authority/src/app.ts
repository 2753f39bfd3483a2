import { Hono } from "hono";
import { cors } from "hono/cors";
import { dialectAt } from "./dialects/dialect.js";
import { AadstsError } from "./errors.js";
import type { Faults } from "./faults.js";
import type { Env } from "./http.js";
import { nameEndpoint, type EndpointName, type Journal } from "./journal.js";
import { answerUnknown } from "./not-found.js";
import { pageHeaders } from "./pages/layout.js";
import { errorPage } from "./pages/notice.js";
import { meetFault, readRequest, recordRequest } from "./request-steps.js";
import { addRoutes, sharedPaths } from "./routes.js";
import type { AuthorityState } from "./state.js";

/** Where an error is shown to a user. */
const pageEndpoints: readonly EndpointName[] = [
  "authorize",
  "login",
  "select-account",
  "device-sign-in",
  "verify",
  "consent",
  "logout",
];

/** The way of every request: it is read, noted in the journal, may meet a fault, and comes to its endpoint. */
export function createApp(
  state: AuthorityState,
  journal: Journal,
  faults: Faults,
  closing: AbortSignal,
): Hono<Env> {
  // Some clients put a slash behind the token endpoint of a region, and AD FS does so itself.
  const app = new Hono<Env>({ strict: false });
  app.use(readRequest(state.clock), recordRequest(state.clock, journal));
  // Before the faults: a browser must be able to read them, and its preflight must not use one up.
  for (const path of sharedPaths) app.use(path, cors());
  app.use(meetFault(faults, state.url, closing));
  addRoutes(app, state);
  app.notFound((c) => answerUnknown(c, app.routes));

  app.onError((error, c) => {
    const trace = c.get("trace");
    if (!(error instanceof AadstsError)) {
      // A fault of this program: its author must see it, and the client must not take it for a refusal.
      process.emitWarning(error instanceof Error ? error : String(error));
      return c.json({ error: "server_error", error_description: String(error) }, 500);
    }
    const { pathname } = new URL(c.req.url);
    const { errorBody, errorStatus = error.status } = dialectAt(pathname);
    const body = errorBody(error, trace, state.url);
    return pageEndpoints.includes(nameEndpoint(pathname))
      ? c.html(errorPage(body.error_description), errorStatus, pageHeaders())
      : c.json(body, errorStatus);
  });
  return app;
}
