import { expect } from "@jest/globals";
import {
  ClientConfigurationError,
  ConfidentialClientApplication,
  PublicClientApplication,
  type AuthError,
  type Configuration,
} from "@tessera/node";

export type Kind = "public" | "confidential";
export type Part = Readonly<Record<string, unknown>>;

/** What was wrong, the parts laid over a good configuration, the code, and what the message says. */
export type Mistake = readonly [string, Part, string, RegExp];

/** Every secret in these tests holds this word. */
export const secretWord = "hunter2";
export const clientSecret = `${secretWord}-the-secret`;
export const clientId = "the-client";

/** What the constructor throws for a good configuration with these parts laid over it. */
export function refusal(kind: Kind, auth: Part, rest: Part = {}): AuthError {
  const secret = kind === "confidential" ? { clientSecret } : {};
  return thrownBy(kind, { auth: { clientId, ...secret, ...auth }, ...rest });
}

/** What the constructor throws. */
export function thrownBy(kind: Kind, configuration: unknown): AuthError {
  const Application = kind === "public" ? PublicClientApplication : ConfidentialClientApplication;
  try {
    new Application(configuration as Configuration);
  } catch (error) {
    return error as AuthError;
  }
  throw new Error("the constructor refused nothing");
}

/** A configuration error says which field, with which value, and what to do; it never holds a secret. */
export function expectConfigurationError(error: unknown, errorCode: string, says: RegExp): void {
  expect(error).toBeInstanceOf(ClientConfigurationError);
  const { errorMessage, message, stack = "" } = error as AuthError;
  expect(error).toMatchObject({ name: "ClientConfigurationError", errorCode });
  expect(errorMessage).toMatch(says);
  expect(message).toBe(`${errorCode}: ${errorMessage}`);
  // What is wrong, and behind the colon the remedy.
  expect(errorMessage).toMatch(/: \S.*\.$/s);
  expect(message + stack).not.toContain(secretWord);
}
