import { connect } from "node:tls";
import type { Context } from "../context.js";
import { explain } from "../errors.js";
import { isObject } from "../json.js";
import { networkFetch } from "../network.js";
import type { Profile } from "../profiles/profile.js";
import { certificates, providerUrl } from "../profiles/provider.js";
import { distance } from "../inspection/times.js";
import type { Finding } from "./system.js";

/** The clocks may differ by so many seconds before tokens are refused. */
const MOST_SKEW = 300;

/** Looks at the provider of a profile: whether it answers, what it publishes, its clock and its certificate. */
export async function providerChecks(profile: Profile, { signal }: Context): Promise<readonly Finding[]> {
  if (profile.identity.kind === "managed" || profile.identity.kind === "default") return [];
  const url = providerUrl(profile.provider).replace(/\/$/, "");
  try {
    const fetch = networkFetch(profile.ca);
    const places = profile.provider.startsWith("authority:") ? [`${url}/v2.0`, url] : [url];
    const limit = AbortSignal.any([signal, AbortSignal.timeout(20_000)]);
    let found: Finding | undefined;
    let date: string | null = null;
    for (const place of places) {
      const response = await fetch(`${place}/.well-known/openid-configuration`, { signal: limit });
      date ??= response.headers.get("date");
      const document: unknown = response.ok ? await response.json() : undefined;
      await (response.bodyUsed ? undefined : response.body?.cancel());
      found ??= document === undefined ? undefined : discoveryFinding(document);
      if (found) break;
    }
    return [
      found ?? {
        state: "problem",
        what: "discovery",
        text: `${url} publishes no discovery document: check the URL`,
      },
      ...skewFinding(date),
      ...(await certificateFinding(new URL(url), profile)),
    ];
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return [{ state: "problem", what: "discovery", text: `${url} cannot be reached: ${explain(reason)}` }];
  }
}

function discoveryFinding(document: unknown): Finding {
  const read = (name: string): string => {
    const value = isObject(document) ? document[name] : undefined;
    return typeof value === "string" ? value : "";
  };
  const ways = [
    read("authorization_endpoint") && "browser",
    read("device_authorization_endpoint") && "device code",
    read("revocation_endpoint") && "revocation",
    read("end_session_endpoint") && "end of the session",
  ].filter(Boolean);
  return { state: "good", what: "discovery", text: `${read("issuer")}; ${ways.join(", ")}` };
}

function skewFinding(date: string | null): readonly Finding[] {
  const theirs = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(theirs))
    return [{ state: "note", what: "clock", text: "the provider does not say its time" }];
  const seconds = Math.round((Date.now() - theirs) / 1000);
  const isNear = Math.abs(seconds) <= 2;
  if (isNear) return [{ state: "good", what: "clock", text: "agrees with the provider's" }];
  const text = `this machine is ${distance(Math.abs(seconds)).replace("in ", "")} ${seconds > 0 ? "ahead" : "behind"}`;
  if (Math.abs(seconds) <= MOST_SKEW) return [{ state: "note", what: "clock", text }];
  return [{ state: "problem", what: "clock", text: `${text}: set its clock` }];
}

/** Who vouches for the provider: a proxy that reads along has another issuer. */
function certificateFinding(url: URL, { ca }: Profile): Promise<readonly Finding[]> {
  if (url.protocol !== "https:" || process.env["HTTPS_PROXY"] || process.env["https_proxy"])
    return Promise.resolve([]);
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const socket = connect({
      host,
      port: Number(url.port || 443),
      // Numbers have no names to ask for.
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      ...(ca === undefined ? {} : { ca: certificates(ca) }),
      timeout: 10_000,
    });
    const end = (finding: Finding): void => {
      socket.destroy();
      resolve([finding]);
    };
    socket.once("secureConnect", () => {
      const { issuer, valid_to: until } = socket.getPeerCertificate();
      const by = issuer?.O ?? issuer?.CN ?? "an unnamed issuer";
      end({ state: "good", what: "certificate", text: `issued by ${String(by)}, good until ${until}` });
    });
    socket.once("timeout", () => end({ state: "problem", what: "certificate", text: "no answer in 10 s" }));
    socket.once("error", (error) => end({ state: "problem", what: "certificate", text: explain(error) }));
  });
}
