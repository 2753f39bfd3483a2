import { readFileSync } from "node:fs";
import type { Context } from "../context.js";
import { codeOf, failure, usageError } from "../errors.js";
import { decodedToken, tokenIn } from "../inspection/decoded-token.js";
import { checkSignature, trustedIssuers, type Signature } from "../inspection/signature.js";
import { standardInput } from "../terminal/standard-input.js";
import { TIME_CLAIMS, timeInWords, validity } from "../inspection/times.js";

/** `tessera inspect`: explains a token. */
export async function inspect({ given, signal, say }: Context): Promise<void> {
  const token = tokenIn(await textOf(given.positionals[0] ?? "-", { say, signal }));
  if (token === "") throw usageError("There is no token: pass a file, or write the token to standard input.");
  const decoded = decodedToken(token);
  if (!decoded) throw failure("This token has no readable parts: only its issuer can say what it means.");
  const { header, claims } = decoded;
  const issuers = trustedIssuers(given.text("issuer"), given.text("ca"));
  const signature = claims && (await checkSignature(token, claims, { issuers, signal }));
  const now = Date.now() / 1000;
  if (given.has("json")) {
    process.stdout.write(`${JSON.stringify({ header, claims, signature }, null, 2)}\n`);
    return;
  }
  const lines = claims
    ? [
        ...section("Claims", claims, now),
        "",
        validity(claims, now),
        signature ? signatureText(signature) : "",
      ]
    : ["The token is encrypted: only its recipient can read the claims."];
  process.stdout.write([...section("Header", header, now), "", ...lines, ""].join("\n"));
}

async function textOf(file: string, { say, signal }: Pick<Context, "say" | "signal">): Promise<string> {
  if (file === "-") {
    if (process.stdin.isTTY) say("Paste the token, and end with Ctrl+D.");
    return (await standardInput(signal)).toString("utf8");
  }
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // A token in place of a file would be repeated.
    if (decodedToken(file))
      throw usageError("A token is not passed as an argument: write it to standard input.");
    throw failure(`The file cannot be read (${codeOf(error)}): check its path.`, error);
  }
}

function section(title: string, values: Readonly<Record<string, unknown>>, now: number): readonly string[] {
  const width = Math.max(...Object.keys(values).map((name) => name.length), 0);
  return [
    title,
    ...Object.entries(values).map(([name, value]) => {
      const isTime = TIME_CLAIMS.includes(name) && typeof value === "number";
      const words = isTime ? `  ${timeInWords(value, now)}` : "";
      return `  ${printable(name.padEnd(width))}  ${printable(typeof value === "string" ? value : JSON.stringify(value))}${words}`;
    }),
  ];
}

function signatureText({ state, reason }: Signature): string {
  return `Its signature ${state}: ${printable(reason)}.`;
}

/** A token may come from anywhere: what would move the cursor is shown as it is written in JSON. */
function printable(text: string): string {
  return Array.from(text)
    .map((one) => (isMoving(one.codePointAt(0) ?? 0) ? escaped(one) : one))
    .join("");
}

/** Control characters, and those that change the direction of a text. */
function isMoving(code: number): boolean {
  const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  return isControl || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

const escaped = (one: string): string => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
