import { usageError } from "../errors.js";
import { isLoopback } from "../loopback.js";
import type { Binding, Profile } from "./profile.js";
import { allProfiles, selectedProfile } from "./profiles.js";

/**
 * Returns a host as bindings have it: without `https://` and the default port, in lower case. Other identifiers of APIs, such as
 * `api://orders`, stay as they are.
 *
 * @throws CommandError for anything that is not one host
 */
export function hostName(text: string): string {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text) && !/^https?:\/\//i.test(text)) return text.replace(/\/$/, "");
  const url = urlOf(/^https?:\/\//i.test(text) ? text : `https://${text}`);
  const isHost = url && url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
  if (isHost && !url.hostname.includes("*")) return url.host;
  throw usageError(
    `"${text}" is not a host: pass one such as api.example or localhost:8080; a binding holds for all its paths.`,
  );
}

/** Returns the binding that a URL falls under. Plain HTTP is for this machine only. */
export function bindingOf({ bindings }: Pick<Profile, "bindings">, url: URL): Binding | undefined {
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) return undefined;
  return bindings.find(({ host }) => host === hostOf(url));
}

/**
 * Returns the profile for a host: the one that is named, which must be bound to it, or the one that is.
 *
 * @returns `undefined` if no profile is bound to it
 * @throws CommandError if several profiles are, and none is named
 */
export function profileFor(
  url: URL,
  named: string | undefined,
): { readonly profile: Profile; readonly binding: Binding } | undefined {
  const candidates = named === undefined ? allProfiles() : [selectedProfile(named)];
  const [first, ...others] = candidates.flatMap((profile) => {
    const binding = bindingOf(profile, url);
    return binding ? [{ profile, binding }] : [];
  });
  if (others.length === 0) return first;
  const names = [first, ...others].map((one) => one?.profile.name);
  throw usageError(
    `${hostOf(url)} is bound to several profiles: pass --profile with one of ${names.join(", ")}.`,
  );
}

/** The error for a host that no profile is bound to. */
export function notBound(url: URL, named: string | undefined): Error {
  const profile = named === undefined ? "" : ` --profile ${named}`;
  return usageError(
    `${hostOf(url)} may not be sent tokens: if you trust it, run tessera bind ${hostOf(url)}${profile || " --profile NAME"}.`,
  );
}

/** Returns what is compared with a binding. */
export function hostOf(url: URL): string {
  if (/^https?:$/.test(url.protocol)) return url.host;
  return url.href.replace(/\/$/, "");
}

/** Returns a URL, or `undefined` for a text that is none. */
export function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
