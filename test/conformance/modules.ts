import type { Module } from "./module.js";
import { openIdModules } from "./modules-openid.js";
import type { Variant } from "./plans.js";

const PREFIX = /^(oidcc-client-test|fapi2-security-profile-final-client-test)-?/;

/** Modules of which this library has no part. */
const notOurs: Readonly<Record<string, Module>> = {
  "userinfo-bearer-body": {
    doesNotApply: "access tokens go into the Authorization header only, as RFC 6750 §2.2 and RFC 9700 advise",
  },
  "discovery-webfinger-acct": {
    doesNotApply: "the application names its provider: no host that a user types in is asked for a sign-in",
  },
  "discovery-webfinger-url": {
    doesNotApply: "the application names its provider: no host that a user types in is asked for a sign-in",
  },
};

/** Returns the module of a name of the conformance suite. Every listed module has a test or a reason. */
export function moduleNamed(name: string, { responseType, profile }: Variant): Module {
  if (profile || responseType === "id_token") return { doesNotApply: "not played yet" };
  if (responseType.split(" ").includes("token")) {
    return { doesNotApply: "access tokens come from the token endpoint only (RFC 9700 §2.1.2)" };
  }
  const module = { ...openIdModules, ...notOurs }[name.replace(PREFIX, "") || "happy-path"];
  return module ?? { doesNotApply: "not played yet" };
}
