import type { Context } from "../context.js";
import { usageError } from "../errors.js";
import { urlOf } from "../profiles/bindings.js";
import { standardInput } from "../terminal/standard-input.js";
import { boundToken, TOKEN_USER } from "./bound-token.js";

/**
 * Git's credential helper: `get` returns a token for a bound host, `erase` renews one that was refused. Hosts that are not bound
 * are left to the next helper.
 *
 * @see git-credential(1), gitcredentials(7)
 */
export async function git(context: Context): Promise<void> {
  const [, operation] = context.given.positionals;
  const attributes = attributesIn((await standardInput(context.signal)).toString("utf8"));
  if (operation === undefined)
    throw usageError("Git passes get, store or erase: tessera credential git get.");
  if (operation === "get") await get(attributes, context);
  // `store`: the token is kept already. Operations of later versions are to be ignored.
  if (operation === "erase") await erase(attributes, context);
}

type Attributes = ReadonlyMap<string, readonly string[]>;

async function get(attributes: Attributes, context: Context): Promise<void> {
  const url = hostIn(attributes);
  // Git has been told to ask nobody.
  const mayAsk = context.mayAsk && process.env["GIT_TERMINAL_PROMPT"] !== "0";
  const token = url && (await boundToken(url, { ...context, mayAsk }));
  if (!token) return;
  const { result, binding } = token;
  const { accessToken, expiresOn, tokenType } = result;
  const expiry = expiresOn ? [`password_expiry_utc=${Math.floor(expiresOn.getTime() / 1000)}`] : [];
  const knowsTypes = attributes.get("capability[]")?.includes("authtype") === true;
  const credential = knowsTypes
    ? // Git asks again for each session rather than storing it elsewhere.
      ["capability[]=authtype", `authtype=${tokenType}`, `credential=${accessToken}`, "ephemeral=1"]
    : [
        `username=${attributes.get("username")?.[0] ?? binding.username ?? TOKEN_USER}`,
        `password=${accessToken}`,
      ];
  process.stdout.write(`${[...credential, ...expiry].join("\n")}\n`);
}

/** The server has refused the token: another one takes its place. */
async function erase(attributes: Attributes, context: Context): Promise<void> {
  const url = hostIn(attributes);
  const [refused] = attributes.get("credential") ?? attributes.get("password") ?? [];
  if (url && refused) await boundToken(url, { ...context, mayAsk: false }, { refusedToken: refused });
}

function hostIn(attributes: Attributes): URL | undefined {
  const first = (name: string): string => attributes.get(name)?.[0] ?? "";
  const url = first("url") || `${first("protocol")}://${first("host")}/`;
  return urlOf(url);
}

/** `key=value` lines up to an empty one; a name that ends with `[]` may be repeated. */
function attributesIn(text: string): Attributes {
  const attributes = new Map<string, readonly string[]>();
  for (const line of text.split("\n")) {
    const equals = line.indexOf("=");
    if (equals <= 0) continue;
    const name = line.slice(0, equals);
    attributes.set(name, [...(attributes.get(name) ?? []), line.slice(equals + 1)]);
  }
  return attributes;
}
