import { isObject } from "../encoding.js";
import { wrongType } from "./field-types.js";

/** One challenge of a `WWW-Authenticate` header. */
export interface AuthenticationChallenge {
  /** Scheme in lower case, such as `bearer`. */
  readonly scheme: string;
  /** `token68` credentials, if the challenge has them in place of parameters. */
  readonly token68?: string;
  /** Parameters, names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Parses a `WWW-Authenticate` header: any number of challenges, quoted strings with escapes, parameters in any order.
 * The list ends at the first challenge that cannot be parsed.
 *
 * @see RFC 9110 §11.6.1
 * @example
 * ```ts
 * const header = 'Bearer realm="orders", error="invalid_token"';
 * const [challenge] = parseAuthenticationChallenges(header);
 * console.log(challenge?.scheme, challenge?.parameters["error"]); // bearer invalid_token
 * ```
 */
export function parseAuthenticationChallenges(
  header: string | null | undefined,
): readonly AuthenticationChallenge[] {
  if (typeof (header ?? "") !== "string") throw wrongType("header", header, "the value of a header");
  const challenges: { scheme: string; token68?: string; parameters: Record<string, string> }[] = [];
  let rest = header ?? "";
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = pattern.exec(rest);
    if (match) rest = rest.slice(match[0].length);
    return match ?? undefined;
  };
  for (;;) {
    take(/^[\s,]+/);
    const parameter = take(PARAMETER);
    const current = challenges.at(-1);
    if (parameter) {
      if (!current) return challenges;
      const [, name = "", quoted, token] = parameter;
      current.parameters[name.toLowerCase()] =
        quoted === undefined ? (token ?? "") : quoted.replace(/\\(.)/g, "$1");
      continue;
    }
    const scheme = take(SCHEME);
    if (!scheme) return challenges;
    const challenge: (typeof challenges)[number] = {
      scheme: (scheme[1] ?? "").toLowerCase(),
      parameters: {},
    };
    const token68 = take(TOKEN68);
    if (token68) challenge.token68 = token68[1] ?? "";
    challenges.push(challenge);
  }
}

/** Maximum length of a claims challenge, in characters of JSON. Providers reject longer ones. */
const LONGEST_CLAIMS = 8192;

/**
 * Extracts the claims challenge from a `WWW-Authenticate` header (continuous access evaluation, step-up), as the JSON
 * string to pass as `claims`. Returns `undefined` when there is no challenge, or when it is not a JSON object of at
 * most 8,192 characters (plain, base64url or base64).
 *
 * @param header value of the header in a 401 response; `null` or `undefined` if it has none
 * @example
 * ```ts
 * const response = await fetch("https://graph.microsoft.com/v1.0/me");
 * const claims = claimsFromChallenge(response.headers.get("www-authenticate"));
 * if (claims) await app.acquireTokenSilent({ scopes: ["User.Read"], account, claims });
 * ```
 */
export function claimsFromChallenge(header: string | null | undefined): string | undefined {
  for (const { scheme, parameters } of parseAuthenticationChallenges(header)) {
    const claims = parameters["claims"];
    if (scheme !== "bearer" || !claims) continue;
    for (const text of [claims, decoded(claims)]) {
      if (text !== undefined && text.length <= LONGEST_CLAIMS && isObject(parsed(text))) return text;
    }
  }
  return undefined;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = new RegExp(
  `^(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))(?=[ \\t]*(?:,|$))`,
);
const SCHEME = new RegExp(`^(${TOKEN})(?=[ \\t,]|$)[ \\t]*`);
const TOKEN68 = /^([A-Za-z0-9\-._~+/]+=*)(?=[ \t]*(?:,|$))(?![ \t]*=)/;

/**
 * Decodes base64url or base64 of UTF-8 (RFC 4648 §5, §4), and refuses characters that Node.js would skip or replace.
 */
function decoded(encoded: string): string | undefined {
  const [, digits = ""] = /^([\w-]+|[A-Za-z0-9+/]+)={0,2}$/.exec(encoded) ?? [];
  if (digits.length % 4 === 1) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(digits, "base64"));
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
