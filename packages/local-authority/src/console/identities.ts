import { checkKeys } from "../config/checks.js";
import type { HostName } from "../emulator/emulated-host.js";
import { environmentText } from "../emulator/environment-text.js";
import type { NumberedHost } from "../emulator/hosting.js";
import { hostNames } from "../emulator/start-host.js";
import type { RequestContext } from "../http/request-context.js";
import { notFound, readId, readInput, type ConsoleContext } from "./console-context.js";

/** The hosts that can be emulated, the identities, and the hosts that run with their environment variables. */
export function listHosts(c: RequestContext, { state, hosting }: ConsoleContext): Response {
  const { managedIdentities } = state.config;
  return c.json({
    hosts: hostNames,
    identities: managedIdentities,
    running: hosting.list().map(describeHost),
  });
}

/** Starts to emulate `host`, deployed with the identity `clientId`. */
export async function emulateHost(c: RequestContext, { hosting }: ConsoleContext): Promise<Response> {
  const input = await readInput(c);
  checkKeys("", input, ["host", "clientId"]);
  const { host, clientId } = input;
  // Checked where the host is started.
  const options = { ...(clientId === undefined ? {} : { clientId: clientId as string }) };
  const started = await hosting.start(host as HostName, options);
  const entry = hosting.list().find((each) => each.host === started);
  return entry === undefined ? notFound("such host") : c.json(describeHost(entry), 201);
}

/** Stops a host. */
export async function stopHost(c: RequestContext, { hosting }: ConsoleContext): Promise<Response> {
  const entry = hosting.list().find(({ id }) => id === readId(c));
  if (entry === undefined) return notFound("host with this id");
  await entry.host.close();
  return c.body(null, 204);
}

function describeHost({ id, host: { name, url, environment } }: NumberedHost): object {
  return { id, host: name, url, environment, shell: environmentText(environment, "export") };
}
