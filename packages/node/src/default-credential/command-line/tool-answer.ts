import { clientAuthError, interactionRequiredError } from "@tessera/core/internal";
import type { AmbientTokenRequest, Unavailable } from "../source.js";
import type { CommandLine, PrintedToken, Sign } from "./command-line.js";
import type { NotRun, Printed } from "./run-program.js";
import { shownMessage } from "./shown-message.js";

/** A run of a tool, as the tools differ only in what they print. */
interface Run {
  readonly tool: CommandLine;
  readonly request: AmbientTokenRequest;
  readonly timeoutMs: number;
}

/**
 * What the end of a run means for the chain: a token, or no identity.
 *
 * @throws InteractionRequiredAuthError `interaction_required`; ClientAuthError `command_line_error` for a tool whose user
 * is signed in, and that gives no token
 */
export function toolAnswer(
  tool: CommandLine,
  request: AmbientTokenRequest,
  run: Printed | NotRun,
  timeoutMs: number,
): PrintedToken | Unavailable {
  if (typeof run === "string") return NOT_RUN[run]({ tool, request, timeoutMs });
  const { exitCode, output, errors } = run;
  if (exitCode === 0) {
    const token = tool.read(output);
    if (token) return token;
    throw failed(tool, "its answer has no token with its expiry; update it");
  }
  const sign = tool.signs.find(({ text }) => text.test(errors));
  if (sign) return MEANINGS[sign.means]({ tool, request, timeoutMs });
  throw failed(tool, (tool.message ?? shownMessage)(errors));
}

type Meaning = (run: Run) => Unavailable;

const notInstalled: Meaning = ({ tool: { program, install } }) => ({
  unavailable: `${program} is not installed`,
  remedy: install,
});

const NOT_RUN: Readonly<Record<NotRun, Meaning>> = {
  not_installed: notInstalled,
  not_started: ({ tool: { program, install } }) => ({
    unavailable: `${program} cannot be started`,
    remedy: `check that it is executable, or ${install}`,
  }),
  timed_out({ tool, timeoutMs }) {
    throw failed(tool, `it has not answered within ${timeoutMs} ms and was killed; raise processTimeoutInMs`);
  },
  too_long({ tool }) {
    throw failed(tool, "it has printed more than any token and was killed");
  },
};

const MEANINGS: Readonly<Record<Sign["means"], Meaning>> = {
  not_installed: notInstalled,
  not_signed_in: ({ tool: { signIn } }) => ({ unavailable: "nobody is signed in", remedy: `run ${signIn}` }),
  interaction_required({ tool, request }) {
    const command = tool.signInAgain?.(request) ?? tool.signIn;
    throw interactionRequiredError(
      "interaction_required",
      `${tool.name}: its user has to sign in again: run ${command}.`,
    );
  },
};

function failed({ name, program }: CommandLine, reason: string): Error {
  return clientAuthError(
    "command_line_error",
    `${name} gives no token: ${reason}. Run ${program} yourself to see why.`,
  );
}
