import { readFileSync } from "node:fs";
import { codeOf, failure } from "./errors.js";

/**
 * Reads a file that the user has named.
 *
 * @param option the option or the environment variable that names it
 * @throws CommandError if it cannot be read
 */
export function contentOf(file: string, option?: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const subject = option === undefined ? file : `${option} names ${file}, which`;
    throw failure(`${subject} cannot be read (${codeOf(error)}): check its path.`, error);
  }
}

/** Reads a text file that the user has named. */
export function textOf(file: string, option?: string): string {
  return contentOf(file, option).toString("utf8");
}
