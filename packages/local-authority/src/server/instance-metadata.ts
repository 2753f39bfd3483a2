import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import type { AuthorityClock } from "../clock.js";
import type { InstanceMetadata } from "../config/config.js";
import type { Faults } from "./faults.js";
import type { Env } from "../http/request-context.js";
import type { Journal } from "../http/journal.js";
import { listen } from "./listener.js";
import { checkHost } from "./check-host.js";
import { checkOrigin } from "./check-origin.js";
import { applyFault, authorityFaultBody, readRequest, recordRequest } from "./request-steps.js";

export interface InstanceMetadataServer {
  /** `http://127.0.0.1:{port}`, which stands for `http://169.254.169.254`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts the part of the Azure Instance Metadata Service from which clients read their region. It uses plain HTTP, as
 * on a virtual machine. https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service
 */
export async function startInstanceMetadata(
  { location }: InstanceMetadata,
  { clock, journal, faults, closing }: MetadataServerContext,
): Promise<InstanceMetadataServer> {
  const listener = await listen(0, undefined);
  const url = `http://127.0.0.1:${listener.port}`;
  const app = new Hono<Env>({ strict: false });
  app.use(
    checkHost(),
    checkOrigin(() => false),
  );
  app.use(
    readRequest(clock),
    recordRequest(clock, journal),
    applyFault(faults, closing, authorityFaultBody(url)),
  );
  app.use("/metadata/*", async (c, next) => {
    if (c.req.header("metadata")?.toLowerCase() !== "true") {
      return c.json({ error: "Bad request. Required metadata header not specified" }, 400);
    }
    const version = c.get("query")["api-version"];
    if (version === undefined || !versions.includes(version)) {
      const reason = version === undefined ? "was not specified" : "is invalid or was not specified";
      const error = `Bad request. api-version ${reason} in the request. For more information refer to aka.ms/azureimds`;
      return c.json({ error, "newest-versions": versions.slice(0, 3) }, 400);
    }
    return next();
  });
  const compute = { azEnvironment: "AzurePublicCloud", location, name: "tessera", osType: "Linux" };
  app.get("/metadata/instance", (c) => c.json({ compute }));
  app.get("/metadata/instance/compute", (c) => c.json(compute));
  app.get("/metadata/instance/compute/location", (c) =>
    // Single values are available as text only.
    c.get("query")["format"] === "text"
      ? c.text(location)
      : c.json({ error: "Bad request. Requested format is not supported for this value" }, 400),
  );
  app.notFound((c) => c.json({ error: "Not found" }, 404));
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  listener.serve((request, response) => void answer(request, response));
  return { url, close: () => listener.close() };
}

interface MetadataServerContext {
  readonly clock: AuthorityClock;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly closing: AbortSignal;
}

/** Supported API versions, newest first. */
export const versions: readonly string[] = [
  "2023-11-15",
  "2023-07-01",
  "2021-12-13",
  "2021-11-15",
  "2021-11-01",
  "2021-10-01",
  "2021-08-01",
  "2021-05-01",
  "2021-03-01",
  "2021-02-01",
  "2021-01-01",
  "2020-12-01",
  "2020-10-01",
  "2020-09-01",
  "2020-07-15",
  "2020-06-01",
];
