import type { MiddlewareHandler } from "hono";
import type { Env } from "../http/request-context.js";

/**
 * Rejects requests whose `Host` does not name this machine, with 421 (RFC 9110 §15.5.20). Otherwise, DNS rebinding would
 * give a foreign web page the same origin as the authority.
 *
 * @param hosts additional host names: `name`, or `name:port` if the port differs from the server's
 */
export function checkHost(hosts: readonly string[] = []): MiddlewareHandler<Env> {
  return async (c, next) => {
    const { socket } = c.env.incoming;
    const host = c.req.header("host")?.toLowerCase() ?? "";
    const [, name = "", port = "encrypted" in socket ? "443" : "80"] = hostPattern.exec(host) ?? [];
    const isOwnPort = port === String(socket.localPort);
    const isKnown =
      hosts.includes(`${name}:${port}`) || (isOwnPort && (hosts.includes(name) || isLoopbackName(name)));
    if (isKnown) return next();
    const error_description = `The local authority does not serve the host ${JSON.stringify(host)}. Connect to localhost at its own port, or add the host to the option hosts.`;
    return c.json({ error: "invalid_request", error_description }, 421);
  };
}

const hostPattern = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/;

/** Whether a `Host` header names this machine itself, whatever its port. */
export function isLoopbackHost(host: string | undefined): boolean {
  const [, name] = hostPattern.exec(host?.toLowerCase() ?? "") ?? [];
  return name !== undefined && isLoopbackName(name);
}

/** RFC 6761 §6.3 for `localhost`, RFC 1122 §3.2.1.3 (g) for `127.0.0.0/8`. */
function isLoopbackName(name: string): boolean {
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(name)
  );
}
