import type { Module } from "./module.js";
import { fapi2Modules } from "./modules-fapi.js";
import { logoutModules } from "./modules-logout.js";
import { openIdModules } from "./modules-openid.js";
import { userInfoModules } from "./modules-user-info.js";
import type { Variant } from "./plans.js";

const PREFIX = /^(oidcc-client-test|fapi2-security-profile-final-client(-test)?)-?/;

/** Modules of which this library has no part. */
const notOurs: Readonly<Record<string, Module>> = {
  "userinfo-bearer-body": {
    doesNotApply: "access tokens go into the Authorization header only, as RFC 6750 §2.2 advises",
  },
  "distributed-claims": {
    doesNotApply:
      "claims of other servers come through with their addresses: the library sends tokens to no third party",
  },
  "session-management": {
    doesNotApply: "the check of the session runs in an iframe of the browser, and this library in the server",
  },
  "request-uri-signed-rs256": {
    doesNotApply:
      "request objects go by value, or are pushed (RFC 9126): no request_uri that the application would serve",
  },
  "request-uri-signed-none": {
    doesNotApply: "request objects are always signed, and go by value or are pushed (RFC 9126)",
  },
  "invalid-openbanking-intent-id": {
    doesNotApply:
      "openbanking_intent_id belongs to the profile of Open Banking UK, whose claims the application checks",
  },
  "discovery-webfinger-acct": {
    doesNotApply: "the application names its provider: no host that a user types in is asked for a sign-in",
  },
  "discovery-webfinger-url": {
    doesNotApply: "the application names its provider: no host that a user types in is asked for a sign-in",
  },
};

/** Returns the name of a module without its plan's. */
export function shortName(name: string): string {
  return name.replace(PREFIX, "") || "happy-path";
}

/** Returns the module of a name of the conformance suite. Every listed module has a test or a reason. */
export function moduleNamed(name: string, variant: Variant): Module {
  const { responseType, profile } = variant;
  if (responseType.split(" ").includes("token")) {
    return { doesNotApply: "access tokens come from the token endpoint only (RFC 9700 §2.1.2)" };
  }
  const ours = profile ? fapi2Modules(variant) : { ...openIdModules, ...userInfoModules, ...logoutModules };
  const module = { ...ours, ...notOurs }[shortName(name)];
  return module ?? { doesNotApply: "not played yet" };
}
