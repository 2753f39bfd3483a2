import type { Hono } from "hono";
import { randomId } from "../crypto/opaque.js";
import type { Env } from "../http/request-context.js";
import type { AuthorityState } from "../state.js";
import { about } from "./about.js";
import { advanceClock, resetClock, showClock } from "./clock.js";
import { errorResponse, type ConsoleContext, type ConsoleEndpoint } from "./console-context.js";
import { addFault, clearFault, clearFaults, listFaults } from "./faults.js";
import { guardConsole } from "./guard.js";
import { emulateHost, listHosts, stopHost } from "./identities.js";
import { consolePage } from "./page/console-page.js";
import { clearRequests, listRequests, showRequest } from "./requests.js";
import { changeUser, listSessions, revokeSessions } from "./sessions.js";
import { issueToken } from "./tokens.js";

/** Serves the console: its page at the root, and an endpoint for everything that the page shows and does. */
export function addConsole(
  app: Hono<Env>,
  state: AuthorityState,
  parts: Omit<ConsoleContext, "state" | "run">,
): void {
  const context: ConsoleContext = { ...parts, state, run: randomId(8) };
  // Programs that ask for the root get the list of endpoints.
  app.get("/", async (c, next) =>
    c.req.header("accept")?.includes("text/html") === true ? consolePage(c, state) : next(),
  );
  const guard = guardConsole();
  const serve = (method: string, path: string, endpoint: ConsoleEndpoint) =>
    app.on(method, `/_console${path}`, guard, async (c) => {
      try {
        return await endpoint(c, context);
      } catch (error) {
        return errorResponse(error);
      }
    });
  serve("GET", "", about);
  serve("GET", "/requests", listRequests);
  serve("GET", "/requests/:id", showRequest);
  serve("DELETE", "/requests", clearRequests);
  serve("GET", "/faults", listFaults);
  serve("POST", "/faults", addFault);
  serve("DELETE", "/faults", clearFaults);
  serve("DELETE", "/faults/:id", clearFault);
  serve("GET", "/clock", showClock);
  serve("POST", "/clock", advanceClock);
  serve("DELETE", "/clock", resetClock);
  serve("GET", "/sessions", listSessions);
  serve("PATCH", "/sessions/:username", changeUser);
  serve("DELETE", "/sessions/:username", revokeSessions);
  serve("POST", "/tokens", issueToken);
  serve("GET", "/identities", listHosts);
  serve("POST", "/identities", emulateHost);
  serve("DELETE", "/identities/:id", stopHost);
}
