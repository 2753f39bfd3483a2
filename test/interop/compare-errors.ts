import * as peer from "@azure/msal-node";
import { expect } from "@jest/globals";
import * as tessera from "@tessera/node";
import {
  graph,
  redirectUri,
  type App,
  type AppKind,
  type ConfidentialApp,
  type PartialConfiguration,
  type Stage,
} from "./stage.js";

/** A mistake and what comes of it. */
export type Mistake = {
  readonly kind?: AppKind;
  readonly configuration?: (stage: Stage) => PartialConfiguration;
  readonly run: (app: ConfidentialApp, stage: Stage) => Promise<unknown>;
  /** What the peer throws: class, code, `(suberror)`, number; or `a result`. */
  readonly error: string;
} & (
  | { readonly tessera?: undefined }
  /** What Tessera throws instead, and why. */
  | { readonly tessera: string; readonly why: string }
);

/** Why Tessera throws something else for most bad input. */
export const unchecked =
  "the peer sends whatever it is given; Tessera refuses it with a text that names the field";

export const correlationId = "b4a4a4a4-0000-4000-8000-000000000001";

/** Makes a mistake with each library and compares what they throw, and that Tessera sends no more than the peer. */
export async function expectSameError(stage: Stage, mistake: Mistake): Promise<void> {
  const { kind = "confidential", configuration, run, error } = mistake;
  const both = await stage.both(async (library) => {
    try {
      return await run(stage.app(library, kind, configuration?.(stage)) as ConfidentialApp, stage);
    } catch (thrown) {
      return thrown;
    }
  });
  const [theirs, ours] = [both.peer.value, both.tessera.value];
  expect(summary(theirs)).toBe(error);
  expect(summary(ours)).toBe(mistake.tessera ?? error);
  if (mistake.tessera === undefined) expect(detailsOf(ours)).toEqual(detailsOf(theirs));
  if (ours instanceof tessera.AuthError) {
    // A constructor knows no call.
    expect(configuration ? ["", correlationId] : [correlationId]).toContain(ours.correlationId);
    expect(ours.message).not.toMatch(/web-secret|dBjftJ|undefined|\[object/);
  }
  const sent = both.tessera.requests.filter(({ endpoint }) => endpoint === "token").length;
  // A request that is sent again leads to a result.
  const more = mistake.tessera === "a result" ? 1 : 0;
  expect(sent - more).toBeLessThanOrEqual(
    both.peer.requests.filter(({ endpoint }) => endpoint === "token").length,
  );
}

export function redeem(
  app: App,
  over: Partial<peer.AuthorizationCodeRequest> = {},
  payload?: peer.AuthorizationCodePayload,
): Promise<unknown> {
  return app.acquireTokenByCode({ code: "any", scopes: graph, redirectUri, correlationId, ...over }, payload);
}

/** Whatever carries the fields of the error classes. */
type Thrown = Error & Partial<peer.InteractionRequiredAuthError & peer.ServerError>;

function summary(outcome: unknown): string {
  if (!(outcome instanceof Error)) return "a result";
  const { name, errorCode, subError, errorNo } = outcome as Thrown;
  const ours = outcome instanceof tessera.AuthError ? tessera : peer;
  // The class that the name says is also the class that `instanceof` sees.
  const type = Object.entries(ours).find(([exported]) => exported === name)?.[1];
  if (typeof type === "function") expect(outcome).toBeInstanceOf(type);
  return [name, errorCode, subError && `(${subError})`, errorNo]
    .filter((part) => part !== undefined && part !== "")
    .join(" ");
}

/** What the server said: the same text from both. What the libraries themselves say, each says in its own words. */
function detailsOf(outcome: unknown): unknown {
  if (!(outcome instanceof Error)) return undefined;
  const { errorMessage, errorNo, claims, timestamp, traceId } = outcome as Thrown;
  const text =
    errorNo === undefined
      ? undefined
      : errorMessage?.replace(guids, "a guid").replace(times, "a time").replace(unsaid, "");
  return {
    text,
    claims,
    timestamp: timestamp?.replace(times, "a time"),
    traceId: traceId?.replace(guids, "a guid"),
  };
}

/** What the peer says of a part that the server did not send. */
const unsaid = / - [\w ]+: Not Available/g;
const guids = /\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/g;
const times = /\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{3})?Z/g;
