import { percentEncode } from "../encoding.js";
import { answerBody } from "./answer-body.js";
import type { HttpResponse } from "./http-client.js";
import { hideSecretsOf, partsOf, type SentSecrets } from "./hide-secrets.js";
import { REQUEST_ID_HEADERS } from "./tally.js";

/**
 * Hides the secrets of a request in a response that may repeat them: in every member of an error, and in the headers. A
 * response with tokens may repeat one on purpose, and stays as it is.
 */
export function withoutEcho(response: HttpResponse, sent: SentSecrets): HttpResponse {
  const isFailure = response.status >= 300 || hasError(response);
  // A response that is not JSON is refused as well, and the error quotes its type.
  const type = response.headers["content-type"];
  const isQuoted = isFailure || type?.includes("json") === false || hasEchoedId(response, sent);
  if (!isQuoted) return response;
  const hide = hideSecretsOf(sent);
  const headers = hiddenIn(response.headers, hide) as HttpResponse["headers"];
  return { ...response, headers, body: isFailure ? bodyWithout(response, hide) : response.body };
}

/** Whether the response's request ID, which results include, repeats a part of the request, plain or encoded. */
function hasEchoedId({ headers }: HttpResponse, { body = "", headers: sent }: SentSecrets): boolean {
  return REQUEST_ID_HEADERS.some((header) => {
    const id = headers[header];
    if (id === undefined) return false;
    const credentials = Object.values(sent).flatMap((value) => [value, ...partsOf(value)]);
    return [id, percentEncode(id)].some((text) => [body, ...credentials].some((part) => part.includes(text)));
  });
}

/** Most responses are tokens, and need not be parsed to see that they are not errors. JSON may escape the letters of a name. */
export function mayBeError({ status, body }: HttpResponse): boolean {
  return status >= 400 || body.includes("error") || body.includes("\\u");
}

/** Some servers send an error with status 200. */
function hasError(response: HttpResponse): boolean {
  return mayBeError(response) && (answerBody(response)?.["error"] ?? undefined) !== undefined;
}

function bodyWithout(response: HttpResponse, hide: (text: string) => string): string {
  const members = answerBody(response);
  if (!members) return hide(response.body);
  const text = JSON.stringify(hiddenIn(members, hide));
  return text === JSON.stringify(members) ? response.body : text;
}

/** @param value a JSON value, whose depth is limited */
function hiddenIn(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === "string") return hide(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((member) => hiddenIn(member, hide));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, hiddenIn(member, hide)]));
}
