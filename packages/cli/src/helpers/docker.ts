import type { Context } from "../context.js";
import { usageError } from "../errors.js";
import { ExitCodes } from "../exit-codes.js";
import { parsedObject } from "../json.js";
import { hostName, urlOf } from "../profiles/bindings.js";
import { allProfiles } from "../profiles/profiles.js";
import { standardInput } from "../terminal/standard-input.js";
import { boundToken, TOKEN_USER } from "./bound-token.js";

/** Docker recognizes this text. @see github.com/docker/docker-credential-helpers */
const NOT_FOUND = "credentials not found in native keychain";

/** Docker's credential helper: a token as the password for a bound registry. */
export async function docker(context: Context): Promise<void> {
  const [, operation] = context.given.positionals;
  const input = async (): Promise<string> => (await standardInput(context.signal)).toString("utf8");
  if (operation === "get") await get((await input()).trim(), context);
  else if (operation === "list") list();
  else if (operation === "store") store(await input());
  // Signing out is a command of its own: other programs use the same session.
  else if (operation === "erase") await input();
  else throw usageError("Docker passes get, list, store or erase: tessera credential docker get.");
}

async function get(server: string, context: Context): Promise<void> {
  const url = registryUrl(server);
  const token = url && (await boundToken(url, context));
  if (!token) {
    process.stdout.write(`${NOT_FOUND}\n`);
    context.endWith(ExitCodes.error);
    return;
  }
  const { result, binding } = token;
  const answer = { ServerURL: server, Username: binding.username ?? TOKEN_USER, Secret: result.accessToken };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function list(): void {
  const hosts = allProfiles().flatMap(({ bindings }) =>
    bindings.map(({ host, username }) => [host, username ?? TOKEN_USER] as const),
  );
  process.stdout.write(`${JSON.stringify(Object.fromEntries(hosts))}\n`);
}

/** What `docker login` has is not kept: the tokens of a bound registry are, and nothing is said of others. */
function store(text: string): void {
  const server = serverIn(text);
  const url = registryUrl(server);
  const isBound = url && allProfiles().some(({ bindings }) => bindings.some(({ host }) => host === url.host));
  if (!isBound)
    throw usageError(
      `tessera keeps no passwords: run tessera bind ${url ? hostName(url.host) : "HOST"}, or name another helper for this registry in credHelpers.`,
    );
}

function serverIn(text: string): string {
  const { ServerURL: server } = parsedObject(text) ?? {};
  return typeof server === "string" ? server : "";
}

function registryUrl(server: string): URL | undefined {
  return server === "" ? undefined : urlOf(/^https?:\/\//i.test(server) ? server : `https://${server}`);
}
