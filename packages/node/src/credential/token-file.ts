import { createReadStream } from "node:fs";
import { isAbsolute } from "node:path";
import {
  clientAuthError,
  clientConfigurationError,
  epochSeconds,
  systemClock,
  wrongType,
} from "@tessera/core/internal";
import type { ClientAssertionCallback } from "../configuration.js";
import { expiryOf } from "./jwt.js";

/** No token is longer, in bytes. */
const LONGEST_TOKEN = 1_000_000;

/** A source of tokens in a file that the host replaces before they expire. */
export interface TokenFile {
  /** The public function, for errors. */
  readonly name: string;
  /** The environment variable that names the file, if there is one. */
  readonly variable?: string;
  /** What writes the file. */
  readonly writer: string;
}

/**
 * Returns a function that reads the file for each token request, so that a replaced token is used at once. A file that is
 * empty while it is replaced does not matter as long as the token read before is valid.
 *
 * @throws ClientConfigurationError `invalid_option` when no file is named
 */
export function tokenFile(path: unknown, { name, variable, writer }: TokenFile): ClientAssertionCallback {
  if (path === undefined || path === null || path === "") {
    const unset = variable ? `, and ${variable} is not set` : "";
    throw clientConfigurationError(
      "invalid_option",
      `${name} has no path${unset}: pass the path of the token file.`,
    );
  }
  if (typeof path !== "string") throw wrongType("path", path, "the path of the token file");
  // A string that is not a path may be the token itself.
  const shown = isAbsolute(path) ? ` "${path}"` : "";
  const source = variable ? `${name}, or ${variable}` : name;
  let last: { readonly token: string; readonly expiresAt: number } | undefined;

  return async () => {
    let content: string;
    try {
      content = await contentOf(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw clientAuthError(
        "invalid_assertion",
        `The federated token file${shown} cannot be read (${String(code)}): check the path passed to ${source}.`,
      );
    }
    if (content.length > LONGEST_TOKEN)
      throw clientAuthError(
        "invalid_assertion",
        `The federated token file${shown} is longer than ${LONGEST_TOKEN} characters, and so no token: check the path passed to ${source}.`,
      );
    const token = content.trim();
    const now = epochSeconds(systemClock);
    if (token !== "") {
      if (token !== last?.token) last = { token, expiresAt: expiryOf(token, now) ?? Infinity };
      return token;
    }
    if (last && now < last.expiresAt) return last.token;
    throw clientAuthError(
      "invalid_assertion",
      `The federated token file${shown} is empty: check that ${writer} writes it.`,
    );
  };
}

/** Reads no more of a file than tells that it is too long: a wrong path may be that of a disk image or a device. */
async function contentOf(path: string): Promise<string> {
  let text = "";
  for await (const chunk of createReadStream(path, { encoding: "utf8", end: LONGEST_TOKEN }))
    text += String(chunk);
  return text;
}
