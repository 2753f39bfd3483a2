import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { X509Certificate } from "node:crypto";
import { LocalAuthorityConfigurationError, checkKeys, checkString } from "../config/checks.js";
import { createServerCertificate, type ServerCertificate } from "../crypto/certificates.js";
import { randomHandle } from "../crypto/opaque.js";
import { AadstsError } from "../errors/errors.js";
import type { Journal } from "../http/journal.js";
import { answerJson, type Env, type RequestContext } from "../http/request-context.js";
import { checkHost } from "../server/check-host.js";
import { checkOrigin } from "../server/check-origin.js";
import type { Faults } from "../server/faults.js";
import { listen } from "../server/listener.js";
import { applyFault, readRequest, recordRequest } from "../server/request-steps.js";
import type { AuthorityState } from "../state.js";
import { appService } from "./app-service.js";
import { azureArc } from "./azure-arc.js";
import { cloudShell } from "./cloud-shell.js";
import {
  HostError,
  type EmulateOptions,
  type EmulatedHost,
  type HostGround,
  type HostName,
  type IdentityEndpoint,
} from "./emulated-host.js";
import { createIdentityTokens } from "./identity-tokens.js";
import { imds } from "./imds.js";
import { startPod } from "./kubernetes.js";
import { machineLearning } from "./machine-learning.js";
import { serviceFabric } from "./service-fabric.js";
import { temporaryFolder } from "./temporary-folder.js";

/** The hosts with a token endpoint. A new one is one file and one line here. */
const endpoints = {
  imds: { open: imds },
  "app-service": { open: appService },
  arc: { open: azureArc },
  "service-fabric": { open: serviceFabric, secure: true },
  "machine-learning": { open: machineLearning },
  "cloud-shell": { open: cloudShell },
} as const satisfies Readonly<Record<Exclude<HostName, "aks">, HostKind>>;

interface HostKind {
  readonly open: (ground: HostGround) => IdentityEndpoint | Promise<IdentityEndpoint>;
  /** `true` if it uses TLS. */
  readonly secure?: boolean;
}

export const hostNames: readonly HostName[] = [...(Object.keys(endpoints) as HostName[]), "aks"];

/** The parts of the running authority that an emulated host shares. */
export interface EmulatorContext {
  readonly state: AuthorityState;
  /** The authority's certificate; absent with plain HTTP. */
  readonly certificate?: ServerCertificate;
  /** The file that contains the CA certificate, if there is one. */
  readonly caFile?: string;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly closing: AbortSignal;
}

/** @throws {LocalAuthorityConfigurationError} for an unknown name, and for an invalid option */
export async function startHost(
  name: HostName,
  options: EmulateOptions,
  context: EmulatorContext,
): Promise<EmulatedHost> {
  if (!hostNames.includes(name)) {
    throw new LocalAuthorityConfigurationError("emulate", name, `use one of ${hostNames.join(", ")}`);
  }
  checkKeys("", options, ["clientId", "tokensDirectory"]);
  for (const field of ["clientId", "tokensDirectory"] as const) {
    if (options[field] !== undefined) checkString(field, options[field]);
  }
  const host = await (name === "aks"
    ? startCluster(options, context)
    : startEndpoint(name, options, context));
  let closed: Promise<void> | undefined;
  return { ...host, close: () => (closed ??= host.close()) };
}

async function startCluster(
  options: EmulateOptions,
  { state, certificate, caFile }: EmulatorContext,
): Promise<EmulatedHost> {
  const folder = await temporaryFolder();
  try {
    const pod = await startPod(state, options, folder.path);
    const trusted = certificate && (caFile ?? (await folder.write("ca.pem", certificate.caPem)));
    const timer = setInterval(() => void pod.renew().catch(() => undefined), 60_000).unref();
    return {
      name: "aks",
      url: state.url,
      environment: { ...pod.environment, ...trust(trusted) },
      close: async () => {
        clearInterval(timer);
        pod.close();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function startEndpoint(
  name: Exclude<HostName, "aks">,
  options: EmulateOptions,
  { state, certificate, caFile, journal, faults, closing }: EmulatorContext,
): Promise<EmulatedHost> {
  const { open, secure = false }: HostKind = endpoints[name];
  const served = secure ? (certificate ?? (await createServerCertificate())) : undefined;
  const listener = await listen(0, served);
  const folder = served && (await temporaryFolder());
  const url = served ? `https://localhost:${listener.port}` : `http://127.0.0.1:${listener.port}`;
  try {
    const endpoint = await open({
      state,
      url,
      secret: randomHandle(),
      thumbprint: served ? new X509Certificate(served.certPem).fingerprint.replaceAll(":", "") : "",
      tokens: createIdentityTokens(state),
      options,
    });
    const app = createHostApp(endpoint);
    const endpointAt = (path: string) => (isAt(endpoint, path) ? "managed-identity" : "other");
    app.use(readRequest(state.clock), recordRequest(state.clock, journal, endpointAt));
    app.use(applyFault(faults, closing, (c, status) => faultBody(endpoint, c, status)));
    app.on([endpoint.method], endpoint.path, async (c) =>
      answerJson(c, await endpoint.answer(c.get("request"))),
    );
    const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
    listener.serve((request, response) => void answer(request, response));
    const ownFile = served === certificate ? caFile : undefined;
    const trusted = served && (ownFile ?? (await folder?.write("ca.pem", served.caPem)));
    return {
      name,
      url,
      environment: { ...endpoint.environment, ...trust(trusted) },
      close: async () => {
        await Promise.all([listener.close(), endpoint.close?.(), folder?.remove()]);
      },
    };
  } catch (error) {
    await Promise.all([listener.close(), folder?.remove()]);
    throw error;
  }
}

function createHostApp(endpoint: IdentityEndpoint): Hono<Env> {
  const app = new Hono<Env>({ strict: false });
  app.use(
    checkHost(),
    checkOrigin(() => false),
  );
  app.notFound((c) => {
    const error_description = `The emulated host answers ${endpoint.method} ${endpoint.path} only.`;
    return c.json({ error: "not_found", error_description }, isAt(endpoint, c.req.path) ? 405 : 404);
  });
  app.onError((error, c) => {
    const failure = error instanceof AadstsError ? unknownResource(error) : error;
    if (failure instanceof HostError) {
      const { status, headers } = failure;
      for (const [name, value] of Object.entries(headers)) c.header(name, value);
      return answerJson(c, endpoint.errorBody(failure, c.get("trace").correlationId), status);
    }
    // This is a bug in this program: report it.
    process.emitWarning(error);
    return c.json({ error: "server_error", error_description: String(error) }, 500);
  });
  return app;
}

/** Some clients append a slash. */
function isAt(endpoint: IdentityEndpoint, path: string): boolean {
  return path === endpoint.path || path === `${endpoint.path}/`;
}

/** The host passes on why the authority refused. */
function unknownResource(error: AadstsError): HostError {
  return new HostError(400, error.error, error.message);
}

function faultBody(endpoint: IdentityEndpoint, c: RequestContext, status: number): object {
  const failure = {
    status,
    code: codes.get(status) ?? "server_error",
    message: "This is a simulated fault.",
  };
  return endpoint.errorBody(failure, c.get("trace").correlationId);
}

const codes: ReadonlyMap<number, string> = new Map([
  [404, "not_found"],
  [410, "gone"],
  [429, "too_many_requests"],
]);

/** For clients that verify certificates by their CA. */
function trust(file: string | undefined): Readonly<Record<string, string>> {
  return file === undefined ? {} : { NODE_EXTRA_CA_CERTS: file };
}
