import { parseJsonObject } from "../encoding.js";
import type { HttpResponse } from "./http-client.js";

const FORM = "application/x-www-form-urlencoded";

/** Returns the members of a response body in JSON or, as some OAuth servers send it, as a form; `undefined` for anything else. */
export function answerBody({ body, headers }: HttpResponse): Readonly<Record<string, unknown>> | undefined {
  const isForm = headers["content-type"]?.trim().toLowerCase().startsWith(FORM) ?? false;
  return parseJsonObject(body) ?? (isForm ? Object.fromEntries(new URLSearchParams(body)) : undefined);
}

/** Returns the members of an OAuth error (RFC 6749 §5.2), whatever its status: some servers answer with one in a 200. */
export function errorBodyOf(response: HttpResponse): Readonly<Record<string, unknown>> | undefined {
  const body = mayBeError(response) ? answerBody(response) : undefined;
  // Some serializers write members without a value as null.
  return (body?.["error"] ?? undefined) === undefined ? undefined : body;
}

/** Most responses are tokens, and need not be parsed to see that they are not errors. JSON may escape the letters of a name. */
function mayBeError({ status, body }: HttpResponse): boolean {
  return status >= 400 || body.includes("error") || body.includes("\\u");
}
