import {
  auth0,
  cognito,
  github,
  google,
  keycloak,
  LogLevel,
  okta,
  zitadel,
  type Configuration,
  type NodeAuthOptions,
  type ProviderPreset,
} from "@tessera/node";
import { messageOf, usageError } from "../errors.js";
import { textOf } from "../files.js";
import type { Profile } from "./profile.js";

type Preset = (first: string, second: string | undefined) => ProviderPreset;

/** The presets, by name, with what is written after the colon. */
const PRESETS: Readonly<Record<string, { readonly form: string; readonly preset: Preset }>> = {
  auth0: {
    form: "auth0:DOMAIN[,AUDIENCE]",
    preset: (domain, audience) => auth0({ domain, ...(audience ? { audience } : {}) }),
  },
  cognito: { form: "cognito:USER_POOL_ID", preset: (userPoolId) => cognito({ userPoolId }) },
  github: { form: "github", preset: () => github() },
  google: { form: "google", preset: () => google() },
  keycloak: { form: "keycloak:URL,REALM", preset: (url, realm = "") => keycloak({ url, realm }) },
  okta: {
    form: "okta:DOMAIN[,SERVER]",
    preset: (domain, server) => okta({ domain, ...(server ? { server } : {}) }),
  },
  zitadel: { form: "zitadel:DOMAIN", preset: (domain) => zitadel({ domain }) },
};

/** Returns what a profile remembers of the options that name a provider: `authority:URL`, `issuer:URL` or a preset. */
export function providerText(options: {
  readonly authority?: string | undefined;
  readonly issuer?: string | undefined;
  readonly preset?: string | undefined;
}): string | undefined {
  const { authority, issuer, preset } = options;
  const given = [authority, issuer, preset].filter((one) => one !== undefined);
  if (given.length > 1) throw usageError("Pass one of --authority, --issuer and --preset.");
  for (const [name, url] of [
    ["authority", authority],
    ["issuer", issuer],
  ] as const) {
    if (url === undefined) continue;
    if (!/^https?:\/\//i.test(url))
      throw usageError(`--${name} is "${url}": pass a URL that begins with https://.`);
    return `${name}:${url}`;
  }
  if (preset !== undefined) providerOptions(preset);
  return preset;
}

/** Returns the options of an application for a provider. */
function providerOptions(provider: string): ProviderPreset | Pick<NodeAuthOptions, "authority"> {
  const colon = provider.indexOf(":");
  const name = colon < 0 ? provider : provider.slice(0, colon);
  const rest = colon < 0 ? "" : provider.slice(colon + 1);
  if (name === "authority") return { authority: rest };
  if (name === "issuer") return { oidcAuthority: rest };
  const known = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (!known) {
    const forms = Object.values(PRESETS).map(({ form }) => form);
    throw usageError(`The preset "${name}" is not known: pass one of ${forms.join(", ")}.`);
  }
  const [first = "", second] = rest.split(",");
  try {
    return known.preset(first, second);
  } catch (error) {
    throw usageError(`--preset ${provider} is incomplete: write ${known.form}. ${messageOf(error)}`);
  }
}

/** Returns the URL of a provider, for people. */
export function providerUrl(provider: string): string {
  const options: Pick<NodeAuthOptions, "authority" | "oidcAuthority"> = providerOptions(provider);
  return options.oidcAuthority ?? options.authority ?? "";
}

/** Returns the configuration of a profile's application, without a credential and a cache. */
export function configurationOf(
  { clientId, provider, ca }: Pick<Profile, "clientId" | "provider" | "ca">,
  log: ((message: string) => void) | undefined,
): Configuration {
  return {
    // CP1: the application can satisfy claims challenges.
    auth: { clientId, ...providerOptions(provider), clientCapabilities: ["CP1"] },
    system: {
      ...(ca === undefined ? {} : { ca: certificates(ca) }),
      ...(log
        ? { loggerOptions: { logLevel: LogLevel.Verbose, loggerCallback: (_level, message) => log(message) } }
        : {}),
    },
  };
}

/** Reads the certificates that a provider's own is checked with. */
export function certificates(file: string): string {
  return textOf(file, "--ca");
}
