import { usageError } from "../errors.js";
import type { Context } from "../context.js";
import { contentOf, textOf } from "../files.js";
import type { Given } from "../options.js";
import { standardInput } from "../terminal/standard-input.js";

/** A request as the options of curl describe it. */
export interface CurlRequest {
  readonly url: URL;
  readonly init: RequestInit;
}

/** Reads the request that a command line describes. */
export async function curlRequest(
  url: URL,
  { given, signal }: Pick<Context, "given" | "signal">,
): Promise<CurlRequest> {
  const headers = new Headers();
  const isRead = ["data", "data-binary", "json"].some((name) => given.texts(name).includes("@-"));
  const input = isRead ? await standardInput(signal) : undefined;
  for (const line of given.texts("header").flatMap(headerLines)) addHeader(headers, line);
  const body = bodyOf(given, headers, input);
  const target = new URL(url);
  const isQuery = given.has("get") && body !== undefined;
  if (isQuery) target.search = [target.search.slice(1), body.toString()].filter(Boolean).join("&");
  const plain = given.has("head") ? "HEAD" : body === undefined || isQuery ? "GET" : "POST";
  return {
    url: target,
    init: {
      method: given.text("request") ?? plain,
      headers,
      redirect: given.has("location") ? "follow" : "manual",
      ...(body === undefined || isQuery ? {} : { body: new Uint8Array(body) }),
    },
  };
}

function headerLines(line: string): readonly string[] {
  if (!line.startsWith("@")) return [line];
  return textOf(line.slice(1)).split(/\r?\n/).filter(Boolean);
}

function addHeader(headers: Headers, line: string): void {
  const colon = line.indexOf(":");
  const name = colon < 0 ? "" : line.slice(0, colon).trim();
  if (name === "") throw usageError("A header has no colon: write it as 'Name: value'.");
  if (/^(authorization|dpop)$/i.test(name))
    throw usageError(`The header ${name} is set by tessera fetch: omit it, or use curl.`);
  try {
    headers.append(name, line.slice(colon + 1).trim());
  } catch {
    // The value may be a secret.
    throw usageError(`The header ${name} cannot be sent: it has characters that headers may not have.`);
  }
}

function bodyOf(given: Given, headers: Headers, input: Buffer | undefined): Buffer | undefined {
  const dataOf = (text: string, isLines: boolean): Buffer => {
    if (!text.startsWith("@")) return Buffer.from(text);
    const content = text === "@-" && input ? input : contentOf(text.slice(1));
    return isLines ? Buffer.from(content.toString("latin1").replaceAll(/[\r\n]/g, ""), "latin1") : content;
  };
  const plain = [
    ...given.texts("data").map((text) => dataOf(text, true)),
    ...given.texts("data-binary").map((text) => dataOf(text, false)),
    ...given.texts("data-raw").map((text) => Buffer.from(text)),
  ];
  const json = given.texts("json").map((text) => dataOf(text, false));
  if (plain.length > 0 && json.length > 0) throw usageError("--json and --data exclude each other.");
  if (json.length > 0) {
    setDefault(headers, "content-type", "application/json");
    setDefault(headers, "accept", "application/json");
    return Buffer.concat(json);
  }
  if (plain.length === 0) return undefined;
  if (!given.has("get")) setDefault(headers, "content-type", "application/x-www-form-urlencoded");
  return Buffer.concat(plain.flatMap((one, index) => (index === 0 ? [one] : [Buffer.from("&"), one])));
}

function setDefault(headers: Headers, name: string, value: string): void {
  if (!headers.has(name)) headers.set(name, value);
}
