import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { createAuthenticatedFetch, type AuthenticationResult } from "@tessera/node";
import type { Context } from "../context.js";
import { codeOf, CommandError, failure, userMustAct, usageError } from "../errors.js";
import { networkFetch } from "../network.js";
import { bindingOf, hostOf, notBound, profileFor, urlOf } from "../profiles/bindings.js";
import type { Binding, Profile } from "../profiles/profile.js";
import { configurationOf, providerUrl } from "../profiles/provider.js";
import { tokenOfProfile } from "../tokens/token-of-profile.js";
import { namesApi, wantedToken, type WantedToken } from "../tokens/wanted-token.js";
import { curlRequest } from "./curl-request.js";

/** `tessera fetch`: sends a request with a token to a bound host. */
export async function fetchUrl(context: Context): Promise<void> {
  const { given } = context;
  const [text = ""] = given.positionals;
  const url = urlOf(text);
  if (!url || !/^https?:$/.test(url.protocol))
    throw usageError(`"${text}" is not a URL: pass one that begins with https://.`);
  const found = profileFor(url, given.text("profile"));
  if (!found) throw notBound(url, given.text("profile"));
  const request = await curlRequest(url, context);
  const seconds = given.number("max-time");
  const limits = [context.signal, ...(seconds === undefined ? [] : [AbortSignal.timeout(seconds * 1000)])];
  const signal = AbortSignal.any(limits);
  const send = await sender(found.profile, found.binding, context);
  try {
    const response = await send(request.url, { ...request.init, signal });
    await print(response, request, context);
  } catch (error) {
    throw explained(error, request.url, signal);
  }
}

/** Returns a `fetch` that adds the token. */
async function sender(
  profile: Profile,
  binding: Binding,
  context: Context,
): Promise<typeof globalThis.fetch> {
  const network = onlyBound(profile, networkFetch(profile.ca));
  const wanted = wantedToken(context.given);
  const isNamed = namesApi(wanted);
  const known = isNamed ? wanted : { ...wanted, scopes: binding.scopes ?? profile.scopes };
  if (isNamed || known.scopes.length > 0) return withToken(profile, known, { network, context });
  // Only the API knows which token it wants (RFC 9728).
  return async (input, init) => {
    const response = await network(input, init);
    if (response.status !== 401) return response;
    await response.body?.cancel();
    const url = new Request(input, init).url;
    const published = await publishedBy(url, response, { profile, context });
    return withToken(profile, { ...known, ...published }, { network, context })(input, init);
  };
}

function withToken(
  profile: Profile,
  wanted: WantedToken,
  { network, context }: { readonly network: typeof globalThis.fetch; readonly context: Context },
): typeof globalThis.fetch {
  const acquireToken = ({
    claims,
    refusedToken,
  }: Pick<WantedToken, "claims" | "refusedToken">): Promise<AuthenticationResult> =>
    tokenOfProfile(
      profile,
      { ...wanted, ...(claims ? { claims } : {}), ...(refusedToken ? { refusedToken } : {}) },
      context,
    );
  return createAuthenticatedFetch({ acquireToken }, { scopes: wanted.scopes, fetch: network });
}

/**
 * Returns what an API has published of the token that it wants. It cannot choose the issuer: a token comes from that of the
 * profile, or there is none.
 */
async function publishedBy(
  url: string,
  response: Response,
  { profile, context }: { readonly profile: Profile; readonly context: Context },
): Promise<Pick<WantedToken, "scopes" | "resource">> {
  const { discoverProtectedResource } = await import("@tessera/node");
  const system = configurationOf(profile, context.log).system ?? {};
  const { signal } = context;
  let found: Awaited<ReturnType<typeof discoverProtectedResource>>;
  try {
    found = await discoverProtectedResource({ resource: url, response, system, signal });
  } catch (error) {
    if (codeOf(error) !== "invalid_resource_metadata") throw error;
    throw userMustAct(
      `${hostOf(new URL(url))} wants a token and does not publish which: pass --scope or --resource.`,
      error,
    );
  }
  const own = withoutSlash(providerUrl(profile.provider));
  if (!found.authorizationServers.some((one) => withoutSlash(one) === own))
    throw failure(
      `${hostOf(new URL(url))} takes tokens of ${found.authorizationServers.join(", ")}, and the profile "${profile.name}" is of ${own}: nothing is sent.`,
    );
  return { scopes: found.scopes ?? [], resource: found.resource };
}

const withoutSlash = (url: string): string => url.replace(/\/$/, "");

/** The last word on where a token goes: to hosts that the profile is bound to, whatever has been redirected or published. */
function onlyBound(profile: Profile, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (!bindingOf(profile, new URL(request.url)))
      for (const name of ["authorization", "dpop"]) request.headers.delete(name);
    return fetch(request);
  };
}

async function print(
  response: Response,
  { init }: { readonly init: RequestInit },
  { given }: Context,
): Promise<void> {
  const file = given.text("output");
  if (given.has("include") || init.method === "HEAD") {
    const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`);
    process.stdout.write(`HTTP ${response.status} ${response.statusText}\n${lines.join("\n")}\n\n`);
  }
  const isFailure = given.has("fail") && response.status >= 400;
  if (response.body && !isFailure) {
    const body = Readable.fromWeb(response.body);
    if (file === undefined) await pipeline(body, process.stdout, { end: false });
    else await pipeline(body, createWriteStream(file));
  }
  if (response.status === 401 && !given.has("fail"))
    throw userMustAct(`The server refuses the token (401): ${challengeText(response)}`);
  if (isFailure)
    throw failure(`The server answers ${response.status} ${response.statusText}.`.replace(" .", "."));
}

function challengeText({ headers }: Response): string {
  const challenge = headers.get("www-authenticate") ?? "";
  const said =
    /error_description="([^"]{0,300})"/.exec(challenge)?.[1] ?? /error="([^"]{0,100})"/.exec(challenge)?.[1];
  return `${said ?? "it does not say why"}. Check the scopes with tessera token | tessera inspect.`;
}

function explained(error: unknown, url: URL, signal: AbortSignal): unknown {
  if (error instanceof CommandError) return error;
  if (signal.aborted)
    return failure(`${hostOf(url)} did not answer in time: pass a longer --max-time.`, error);
  const cause = error instanceof TypeError ? error.cause : undefined;
  if (cause === undefined) return error;
  const code = codeOf(cause);
  return failure(
    `${hostOf(url)} cannot be reached${code ? ` (${code})` : ""}: check the address, the network and the proxy.`,
    error,
  );
}
