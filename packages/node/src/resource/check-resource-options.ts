import {
  invalidOption,
  isRecord,
  parsedUrl,
  requireKnownOptions,
  requireRecord,
  secureUrl,
  shownUrl,
} from "@tessera/core/internal";
import { requireFunction } from "../check-values.js";
import { requireUser } from "../cross-app/identity-assertion.js";
import type { ResourceClientOptions, ResourceOptions } from "./options.js";

const OPTIONS = {
  grant: true,
  client: true,
  assertion: true,
  acrossApps: true,
  cache: true,
  openBrowser: true,
  onDeviceCode: true,
  allowIssuer: true,
  system: true,
} as const;

const CLIENT_OPTIONS = { registered: true, metadataUrl: true, name: true, redirectUri: true } as const;

const GRANTS: readonly unknown[] = ["user", "app", "assertion", undefined];

/**
 * Checks the options of a protected resource's client, before anything is sent.
 *
 * @throws ClientConfigurationError naming the field, the value and the remedy
 */
export function checkedResourceOptions<O extends ResourceOptions>(given: O): O {
  const options = requireRecord(given, "options", "{ client }");
  requireKnownOptions<ResourceOptions>(options, OPTIONS, "a protected resource's client");
  const { grant, assertion, openBrowser, onDeviceCode, allowIssuer, acrossApps } = options;
  if (!GRANTS.includes(grant))
    throw invalidOption("grant", `is ${JSON.stringify(grant)}`, 'use "user", "app" or "assertion"');
  checkClient(requireRecord(options.client, "client", "{ registered, metadataUrl, name }"));
  if (
    grant === "assertion" &&
    typeof assertion !== "function" &&
    (typeof assertion !== "string" || assertion === "")
  )
    throw invalidOption(
      "assertion",
      "is missing",
      'with grant "assertion", pass the JWT or a function that fetches it',
    );
  if (grant !== "assertion" && assertion !== undefined)
    throw invalidOption(
      "assertion",
      `is given with grant "${grant ?? "user"}"`,
      'omit it, or use grant "assertion"',
    );
  if (acrossApps !== undefined) checkAcrossApps(acrossApps);
  requireFunction(openBrowser === true ? undefined : openBrowser, "openBrowser", "pass a function, or true");
  requireFunction(onDeviceCode, "onDeviceCode", "pass a function");
  requireFunction(allowIssuer, "allowIssuer", "pass a function that returns true for an issuer to trust");
  return options;
}

function checkAcrossApps(acrossApps: NonNullable<ResourceOptions["acrossApps"]>): void {
  const { application, ...user } = requireRecord(acrossApps, "acrossApps", "{ application, account }");
  if (typeof application?.acquireTokenByTokenExchange !== "function")
    throw invalidOption(
      "acrossApps.application",
      "is not an application",
      "pass the one that users sign in to",
    );
  requireUser(user);
}

function checkClient(client: ResourceClientOptions): void {
  requireKnownOptions(client, CLIENT_OPTIONS, "client");
  const { registered, metadataUrl, name, redirectUri } = client;
  if (registered !== undefined && typeof registered !== "function" && !isRecord(registered))
    throw invalidOption(
      "client.registered",
      "is neither an object nor a function",
      "pass registrations by issuer",
    );
  if (registered === undefined && metadataUrl === undefined && name === undefined)
    throw invalidOption("client", "names no client", "pass registered, metadataUrl or name");
  if (metadataUrl !== undefined) checkMetadataUrl(metadataUrl);
  if (name !== undefined && (typeof name !== "string" || name === ""))
    throw invalidOption("client.name", "is not a name", "pass the name that users know the program by");
  if (redirectUri !== undefined && !parsedUrl(redirectUri))
    throw invalidOption("client.redirectUri", "is not a URL", 'pass one such as "http://localhost"');
}

/** The URL is the client's ID, and is compared as it is written. */
function checkMetadataUrl(metadataUrl: string): void {
  const url = secureUrl(metadataUrl, "client.metadataUrl");
  const isPlain = url.hash === "" && url.username === "" && url.password === "" && url.pathname !== "/";
  if (isPlain && url.href === metadataUrl) return;
  throw invalidOption(
    "client.metadataUrl",
    `is "${shownUrl(metadataUrl)}"`,
    "pass the URL with a path, without user name and fragment, in its normal form",
  );
}
