import { clientConfigurationError, isInBlock, parsedUrl } from "@tessera/core/internal";

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that name a proxy for a scheme, most specific first. `https` falls back to the proxy of `http`. */
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  "https:": ["https_proxy", "all_proxy", "http_proxy"],
  "http:": ["http_proxy", "all_proxy"],
};

/**
 * Returns the proxy that the environment specifies for a URL: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in
 * lower or upper case. An empty variable counts as unset, and a proxy without a scheme is contacted over `http`.
 *
 * @throws ClientConfigurationError `invalid_option` for a proxy that is not an http or https URL
 */
export function proxyOf(url: URL, environment: Environment = process.env): string | undefined {
  for (const name of VARIABLES[url.protocol] ?? []) {
    const [variable, value] = read(environment, name);
    if (value !== "")
      return isExempt(url, read(environment, "no_proxy")[1]) ? undefined : proxyUrl(variable, value);
  }
  return undefined;
}

/** Lower case comes first, as in curl. */
function read(environment: Environment, name: string): readonly [variable: string, value: string] {
  const lower = environment[name]?.trim() ?? "";
  const upper = name.toUpperCase();
  return lower === "" ? [upper, environment[upper]?.trim() ?? ""] : [name, lower];
}

function proxyUrl(variable: string, value: string): string {
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value.replace(/^\/\//, "")}`;
  if (isHttpUrl(text)) return text;
  // The value may contain a password.
  throw clientConfigurationError(
    "invalid_option",
    `The environment variable ${variable} is not an http or https URL: set it to one such as "http://proxy.example:8080", or pass system.proxy to override it.`,
  );
}

export function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(parsedUrl(text)?.protocol ?? "");
}

function isExempt(url: URL, noProxy: string): boolean {
  return noProxy.split(/[\s,;]+/).some((entry) => entry !== "" && matches(url, entry.toLowerCase()));
}

/** @param entry `*`, an address block, or a host with an optional port. A name includes its subdomains */
function matches(url: URL, entry: string): boolean {
  if (entry === "*") return true;
  const hostname = url.hostname.replace(/\.$/, "");
  if (entry.includes("/")) return isInBlock(hostname, entry);
  const [, host = "", port] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [undefined, entry];
  if (port !== undefined && Number(port) !== portOf(url)) return false;
  if (host.includes(":")) return isInBlock(hostname, `${host}/128`);
  const name = host.replace(/^\*?\./, "").replace(/\.$/, "");
  return hostname === name || hostname.endsWith(`.${name}`);
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
