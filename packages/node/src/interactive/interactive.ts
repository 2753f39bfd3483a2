import { initiateAuthCodeFlow, type AuthenticationResult, type Client } from "@tessera/core";
import {
  checkFieldTypes,
  clientConfigurationError,
  completeFlow,
  isAuthError,
  untilAborted,
  withinBounds,
  tokenRequest,
  dialectOf,
  type AuthCodeFlowInput,
  type TokenRequest,
} from "@tessera/core/internal";
import { startLoopbackServer, type LoopbackAnswer, type LoopbackOptions } from "./loopback-server.js";
import { openSystemBrowser } from "./open-browser.js";

/** Request to sign a user in through the browser. */
export interface InteractiveInput
  extends Omit<AuthCodeFlowInput, "redirectUri" | "responseMode" | "responseType">, LoopbackOptions {
  /** The app's own string, returned in the result. The state that is sent is generated separately. */
  readonly state?: string;
  /** `form_post`; any other value is refused, as in MSAL. */
  readonly responseMode?: string;
  /** Opens the URL in a browser; by default in the system's. */
  readonly openBrowser?: ((url: string) => Promise<unknown>) | undefined;
}

/** Signs a user in through the browser. A loopback server waits for the response, and its page shows the outcome. */
export async function interactive(client: Client, input: InteractiveInput): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input);
  checkFieldTypes(request.given, request.correlationId);
  requireForm(request);
  const { extraQueryParameters } = input;
  const {
    redirectUri,
    preferredPort,
    successTemplate,
    errorTemplate,
    openBrowser = openSystemBrowser,
  } = input;
  const server = await startLoopbackServer({ redirectUri, preferredPort, successTemplate, errorTemplate });
  try {
    const result = await withinBounds(request, async (signal = new AbortController().signal) => {
      const { correlationId } = request;
      const bounds = { correlationId, signal, timeoutMs: undefined };
      const responseMode = await responseModeOf(client, { ...request, signal });
      const flow = await initiateAuthCodeFlow(client, {
        ...input,
        ...bounds,
        redirectUri: server.redirectUri,
        responseMode,
      });
      const answered = server.answerTo({ state: flow.state, responseMode });
      client.logger().verbose("The browser is opened; waiting for the response.", correlationId);
      // An opener may not return until its browser is closed, so its success is ignored, but its failure ends the
      // wait.
      const opened = (async (): Promise<unknown> => openBrowser(flow.authUrl))();
      const answer = await untilAborted(Promise.race([answered, opened.then(() => answered)]), signal);
      client.logger().verbose("The response has come through the browser.", correlationId);
      return redeemed(answer, () =>
        completeFlow(client, flow, answer.parameters, { ...bounds, extraQueryParameters }),
      );
    });
    return { ...result, state: input.state ?? "" };
  } finally {
    server.close();
  }
}

/** Redeems the code, then shows the outcome to the user. */
async function redeemed(
  answer: LoopbackAnswer,
  redeem: () => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  try {
    const result = await redeem();
    await answer.finish({ ok: true });
    return result;
  } catch (error) {
    await answer.finish({ ok: false, reason: reasonFor(error) });
    throw error;
  }
}

/** What the page says of an error: a refusal is the user's own, and the server's words may help with others. */
function reasonFor(error: unknown): string {
  if (!isAuthError(error)) return "An error occurred.";
  if (error.errorCode === "access_denied") return "You declined the request.";
  const isServers = isAuthError(error, "ServerError") || isAuthError(error, "InteractionRequiredAuthError");
  const said = isServers && error.errorMessage ? `: ${sentence(error.errorMessage)}` : ".";
  return `The error is "${error.errorCode}"${said}`;
}

/** A server's description without the trace IDs that follow it, which the application has. */
function sentence(text: string): string {
  const [, description = text] = /Description: (.*)$/.exec(text) ?? [];
  const [first = ""] = description.split(/ (?:- )?(?=(?:Trace|Correlation) ID: )/);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** @throws ClientConfigurationError `invalid_response_mode` */
function requireForm(request: TokenRequest<InteractiveInput>): void {
  const { responseMode } = request.given;
  if (!responseMode || responseMode === "form_post") return;
  throw clientConfigurationError(
    "invalid_response_mode",
    `responseMode "${responseMode}" is not supported by an interactive sign-in: use form_post, or omit it.`,
    request,
  );
}

/** Prefers form_post, which keeps the code out of the browser's history, if the provider supports it. */
async function responseModeOf(client: Client, request: TokenRequest): Promise<"form_post" | "query"> {
  const { correlationId, signal } = request;
  const url = client.authorities.url(request.authorityUrl);
  if (dialectOf(url).postsForms) return "form_post";
  const { metadata } = await client.authorities.resolve(url, { correlationId, signal });
  const modes = metadata["response_modes_supported"];
  return Array.isArray(modes) && modes.includes("form_post") ? "form_post" : "query";
}
