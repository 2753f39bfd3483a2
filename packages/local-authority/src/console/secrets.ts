import { readJwt } from "../crypto/jwt.js";

/** Names of values that prove something to the party that receives them. */
const secretNames =
  /secret|password|token|assertion|code|verifier|credential|cookie|authorization|identity-header|^ctx$/i;

/** Names that look like one of those and stand for something public. */
const publicNames: readonly string[] = [
  "client_assertion_type",
  "code_challenge",
  "code_challenge_method",
  "error_codes",
  "grant_types",
  "requested_token_type",
  "requested_token_use",
  "response_type",
  "subject_token_type",
  "actor_token_type",
  "token_endpoint_auth_method",
  "token_type",
  "token_type_hint",
  "user_code",
];

/** Whether a value must not be shown. */
export function isSecret(name: string, value: string): boolean {
  if (publicNames.includes(name.toLowerCase())) return false;
  return secretNames.test(name) || readJwt(value) !== undefined;
}

/** Shortens a value so that it can be recognized and not used. */
function shorten(value: string): string {
  const shown = value.length < 16 ? "" : value.slice(0, 4);
  return `${shown}… (${value.length} characters)`;
}

/** Shortens a parameter or a header if it is a secret. */
export function shortenValue(name: string, value: string): string {
  const lower = name.toLowerCase();
  if (lower === "cookie") return value.replace(/=[^;]*/g, "=…");
  // The page that a browser comes from may have a code in its query.
  if (lower === "referer") return value.replace(/[?#].*$/s, "");
  if (!isSecret(name, value)) return value;
  const [scheme = "", ...rest] = value.split(" ");
  return lower === "authorization" && rest.length > 0
    ? `${scheme} ${shorten(rest.join(" "))}`
    : shorten(value);
}

export function shortenValues(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shortenValue(name, value)]));
}

/** Shortens the secrets in JSON, at any depth. */
export function shortenJson(value: unknown, name = ""): unknown {
  if (typeof value === "string") return shortenValue(name, value);
  if (Array.isArray(value)) return value.map((each: unknown) => shortenJson(each, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, content]) => [key, shortenJson(content, key)]));
}

/** Shortens the secrets in a body. A body of an unknown form may be one, and is not shown. */
export function shortenBody(body: string): string {
  if (body === "") return "";
  if (/^\s*[{[]/.test(body)) {
    try {
      return JSON.stringify(shortenJson(JSON.parse(body)), undefined, 2);
    } catch {
      return shorten(body);
    }
  }
  if (/^\s*</.test(body)) return shortenXml(body);
  return /^[\w.-]{1,100}=/.test(body) ? shortenForm(body) : shorten(body);
}

/** A form, or one that was sent with the wrong content type. */
function shortenForm(body: string): string {
  return [...new URLSearchParams(body)]
    .map(([name, value]) => `${name}=${shortenValue(name, value)}`)
    .join("&");
}

/** The text of elements whose name says that it is a secret. */
function shortenXml(body: string): string {
  return body.replace(/<([^<>]*)>([^<>]*)/g, (whole, tag: string, text: string) => {
    const [name = ""] = tag.split(/[\s/]/, 1);
    return text.trim() !== "" && isSecret(name, text) ? `<${tag}>${shorten(text)}` : whole;
  });
}

/** A URL without its parameters, and the parameters. */
export function splitUrl(url: string): {
  readonly address: string;
  readonly parameters: Readonly<Record<string, string>>;
} {
  const [, address = url, query = "", fragment = ""] = /^([^?#]*)\??([^#]*)#?(.*)$/s.exec(url) ?? [];
  return { address, parameters: { ...parametersOf(query), ...parametersOf(fragment) } };
}

function parametersOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(text));
}
