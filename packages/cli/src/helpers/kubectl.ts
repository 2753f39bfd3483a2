import type { Context } from "../context.js";
import { failure } from "../errors.js";
import { isObject, parsedObject, type JsonObject } from "../json.js";
import { notBound, urlOf } from "../profiles/bindings.js";
import { boundIdToken, boundToken } from "./bound-token.js";

const API_VERSION = "client.authentication.k8s.io/v1";

/**
 * The credential plugin of Kubernetes' clients. The cluster is in `KUBERNETES_EXEC_INFO`, if the kubeconfig has
 * `provideClusterInfo: true`.
 *
 * @see https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
export async function kubectl(context: Context): Promise<void> {
  const { apiVersion, server, isInteractive } = execInfo(process.env["KUBERNETES_EXEC_INFO"]);
  const url = urlOf(server ?? "");
  if (!url)
    throw failure(
      "The cluster is not known: set provideClusterInfo: true and apiVersion: client.authentication.k8s.io/v1 in the exec section of the kubeconfig.",
    );
  const { given, mayAsk } = context;
  const find = given.has("id-token") ? boundIdToken : boundToken;
  const found = await find(url, { ...context, mayAsk: mayAsk && isInteractive });
  if (!found) throw notBound(url, given.text("profile"));
  const { accessToken, idToken, expiresOn, idTokenClaims } = found.result;
  if (given.has("id-token") && idToken === "")
    throw failure("There is no ID token: the provider issues one only for the scope openid, to users.");
  const ends = given.has("id-token") ? expiryOf(idTokenClaims) : expiresOn;
  const status = {
    token: given.has("id-token") ? idToken : accessToken,
    ...(ends ? { expirationTimestamp: ends.toISOString().replace(/\.\d+Z$/, "Z") } : {}),
  };
  process.stdout.write(`${JSON.stringify({ apiVersion, kind: "ExecCredential", status })}\n`);
}

interface ExecInfo {
  readonly apiVersion: string;
  readonly server?: string;
  readonly isInteractive: boolean;
}

function execInfo(text: string | undefined): ExecInfo {
  const document = parsedObject(text ?? "") ?? {};
  const spec = member(document, "spec");
  const { server } = member(spec, "cluster");
  const version = document["apiVersion"];
  return {
    apiVersion:
      typeof version === "string" && version.startsWith("client.authentication.k8s.io/")
        ? version
        : API_VERSION,
    ...(typeof server === "string" ? { server } : {}),
    isInteractive: spec["interactive"] !== false,
  };
}

function member(document: JsonObject, name: string): JsonObject {
  const value = document[name];
  return isObject(value) ? value : {};
}

function expiryOf(claims: object): Date | undefined {
  const exp: unknown = Reflect.get(claims, "exp");
  return typeof exp === "number" ? new Date(exp * 1000) : undefined;
}
