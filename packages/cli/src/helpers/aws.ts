import type { Context } from "../context.js";
import { failure, usageError } from "../errors.js";
import { networkFetch } from "../network.js";
import { notBound, urlOf } from "../profiles/bindings.js";
import { boundIdToken } from "./bound-token.js";

/**
 * AWS's `credential_process`: exchanges the user's ID token for the keys of a role.
 *
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export async function aws(context: Context): Promise<void> {
  const { given, signal } = context;
  const role = given.text("role-arn") ?? process.env["AWS_ROLE_ARN"];
  if (!role) throw usageError("The role is missing: pass --role-arn with its ARN.");
  const url = serviceUrl(given.text("region"));
  const found = await boundIdToken(url, context);
  if (!found) throw notBound(url, given.text("profile"));
  const { idToken } = found.result;
  if (idToken === "")
    throw failure("There is no ID token: the provider issues one only for the scope openid, to users.");
  const duration = given.text("duration");
  const form = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: role,
    RoleSessionName: given.text("session-name") ?? process.env["AWS_ROLE_SESSION_NAME"] ?? "tessera",
    WebIdentityToken: idToken,
    ...(duration === undefined ? {} : { DurationSeconds: duration }),
  });
  const send = networkFetch(found.profile.ca);
  const response = await send(url, { method: "POST", body: form, redirect: "error", signal });
  const text = await response.text();
  const value = (name: string): string => elementIn(text, name);
  if (!response.ok)
    throw failure(
      `${url.host} refuses the role (${value("Code") || response.status}): ${value("Message") || "check the role's trust policy"}`,
    );
  const keys = {
    Version: 1,
    AccessKeyId: value("AccessKeyId"),
    SecretAccessKey: value("SecretAccessKey"),
    SessionToken: value("SessionToken"),
    Expiration: value("Expiration"),
  };
  if (!keys.AccessKeyId || !keys.SecretAccessKey)
    throw failure(`${url.host} answers without keys: check that it is AWS's Security Token Service.`);
  process.stdout.write(`${JSON.stringify(keys)}\n`);
}

/** The service of the region; one of another address in `AWS_ENDPOINT_URL_STS`, as AWS's own tools have it. */
function serviceUrl(given: string | undefined): URL {
  const own = process.env["AWS_ENDPOINT_URL_STS"];
  const region = given ?? process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"];
  if (region !== undefined && !/^[a-z\d-]{1,40}$/.test(region))
    throw usageError(`The region is "${region}": pass one such as eu-central-1.`);
  const domain = region?.startsWith("cn-") === true ? "amazonaws.com.cn" : "amazonaws.com";
  const url = urlOf(own ?? (region ? `https://sts.${region}.${domain}/` : "https://sts.amazonaws.com/"));
  if (url) return url;
  throw usageError(`AWS_ENDPOINT_URL_STS is "${own ?? ""}", which is not a URL.`);
}

/** The content of the first element of a name. AWS's answers have no attributes and no repeated names there. */
function elementIn(xml: string, name: string): string {
  const begin = xml.indexOf(`<${name}>`);
  const end = xml.indexOf(`</${name}>`, begin);
  if (begin < 0 || end < 0) return "";
  const text = xml.slice(begin + name.length + 2, end);
  const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (whole, entity: string) => entities[entity] ?? whole);
}
