import { parseJsonObject } from "../encoding.js";
import type { HttpResponse } from "./http-client.js";

const FORM = "application/x-www-form-urlencoded";

/** Returns the members of a response body in JSON or, as some OAuth servers send it, as a form; `undefined` for anything else. */
export function answerBody({ body, headers }: HttpResponse): Readonly<Record<string, unknown>> | undefined {
  const isForm = headers["content-type"]?.trim().toLowerCase().startsWith(FORM) ?? false;
  return parseJsonObject(body) ?? (isForm ? Object.fromEntries(new URLSearchParams(body)) : undefined);
}
