// The sources of the default credential share the time of a call: whichever of them is waited for, the call ends in its time,
// says what it has waited for, and leaves no request and no tool behind.
// proves: node/src/default-credential/first-available.ts, node/src/default-credential/developer-cache.ts
import { existsSync, readFileSync, rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import {
  createDefaultCredential,
  TokenCacheContext,
  type AuthError,
  type INetworkModule,
} from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";
import { deadlineInHand } from "../support/deadline-in-hand.js";
import { eventually } from "../support/eventually.js";
import { azToken, createFakeTools, type FakeTools } from "../support/fake-tools.js";
import { gate } from "../support/gate.js";
import { startMetadataEndpoint, token, type MetadataEndpoint } from "../support/metadata-endpoint.js";
import { createTestClock } from "../support/test-clock.js";

const scopes = ["https://vault.azure.net/.default"];
const timeoutMs = 77_777;
const never = new Promise<never>(() => undefined);
let tools: FakeTools;
let metadata: MetadataEndpoint;
let environment: NodeJS.ProcessEnv;
let deadline: ReturnType<typeof deadlineInHand>;

beforeAll(async () => {
  tools = createFakeTools();
  metadata = await startMetadataEndpoint();
});
afterAll(async () => {
  await metadata.close();
  tools.close();
});
beforeEach(() => {
  tools.freshFolders();
  tools.answer("az", azToken("of-az", Date.now() + 3_600_000));
  environment = { ...process.env };
  metadata.requests.length = 0;
  metadata.respond = () => ({ body: token({ access_token: "of-the-host" }) });
  deadline = deadlineInHand(timeoutMs);
});
afterEach(() => {
  deadline.restore();
  process.env = environment;
});

/** A network without a metadata service, whose token endpoints never answer. */
function laptop() {
  const asked = gate();
  const networkClient: INetworkModule = {
    sendGetRequestAsync: async () => {
      throw Object.assign(new Error("connect EHOSTUNREACH"), { code: "EHOSTUNREACH" });
    },
    sendPostRequestAsync: () => {
      asked.open();
      return never;
    },
  };
  const clock = { now: createTestClock().now };
  return { asked: asked.opened, system: { clock, networkClient, disableInternalRetries: true } };
}
const ownClock = () => ({ clock: { now: createTestClock().now } });
const pidFile = () => tools.path("az.pid");
/** A tool that waits forever, and another program that it has started. */
const hangingTool = (): void => {
  rmSync(pidFile(), { force: true });
  tools.answer("az", {
    before: `/bin/sleep 3600 & echo $! > ${pidFile()}.new; /bin/mv ${pidFile()}.new ${pidFile()}; wait`,
  });
};
const toolRuns = () => existsSync(pidFile());
const isAlive = (): boolean => {
  try {
    const pid = Number(readFileSync(pidFile(), "utf8"));
    process.kill(pid, 0);
    // A process that nobody waits for stays a zombie.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};
const failure = (call: Promise<unknown>): Promise<AuthError & { readonly cause: AggregateError }> =>
  call.then(
    () => {
      throw new Error("a token, against expectation");
    },
    (error: unknown) => error as AuthError & { readonly cause: AggregateError },
  );

/** What hangs: the source, those before it, when it is being waited for, and what is left of it. */
interface Hanging {
  readonly source: string;
  readonly before: readonly RegExp[];
  readonly credential: ReturnType<typeof createDefaultCredential>;
  readonly begun: Promise<unknown>;
  readonly gone: Promise<unknown>;
  /** Lets it answer from now on. */
  readonly mend?: () => string;
}

const hanging: readonly (readonly [string, () => Hanging])[] = [
  [
    "a metadata service",
    () => {
      process.env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = metadata.origin;
      const arrived = gate();
      const left = gate();
      metadata.respond = () => {
        arrived.open();
        return never;
      };
      metadata.onLeave = left.open;
      return {
        source: "managed identity",
        before: [/^environment: /, /^workload identity: /],
        credential: createDefaultCredential({ system: ownClock() }),
        begun: arrived.opened,
        gone: left.opened,
        mend: () => {
          metadata.respond = () => ({ body: token({ access_token: "of-the-host" }) });
          return "of-the-host";
        },
      };
    },
  ],
  [
    "a tool",
    () => {
      hangingTool();
      return {
        source: "Azure CLI",
        before: [/^environment: /, /^workload identity: /, /^managed identity: this machine has no/],
        credential: createDefaultCredential({ system: laptop().system, processTimeoutInMs: 3_600_000 }),
        begun: eventually(toolRuns),
        gone: Promise.resolve(),
        mend: () => {
          tools.answer("az", azToken("of-az", Date.now() + 3_600_000));
          return "of-az";
        },
      };
    },
  ],
  [
    "a token endpoint",
    () => {
      const variables = {
        AZURE_TENANT_ID: "organization.example",
        AZURE_CLIENT_ID: "app",
        AZURE_CLIENT_SECRET: "secret",
      };
      Object.assign(process.env, variables);
      const { asked, system } = laptop();
      return {
        source: "environment",
        before: [],
        credential: createDefaultCredential({ system }),
        begun: asked,
        gone: Promise.resolve(),
      };
    },
  ],
];

describe.each(hanging)("%s that never answers", (_, prepare) => {
  test.each(["request_timeout", "request_aborted"])(
    "ends with the call (%s), is named beside what the earlier sources said, and is asked again",
    async (errorCode) => {
      const { source, before, credential, begun, gone, mend } = prepare();
      const controller = new AbortController();
      const isTimed = errorCode === "request_timeout";
      const error = failure(
        isTimed
          ? credential.acquireToken({ scopes, timeoutMs })
          : credential.getToken(scopes, { abortSignal: controller.signal }),
      );
      await begun;
      if (isTimed) deadline.pass();
      else controller.abort();
      expect(await error).toMatchObject({
        errorCode,
        isRetryable: isTimed,
        errorMessage: expect.stringMatching(`was waiting for its source ${source}\\.$`),
      });
      const reasons = (await error).cause.errors as readonly AuthError[];
      expect(reasons.map(({ errorMessage }) => errorMessage)).toEqual([
        ...before.map((said) => expect.stringMatching(said)),
        `${source}: it has not answered yet.`,
      ]);
      await gone;
      if (toolRuns()) await eventually(() => !isAlive());
      expect(tools.runs("azd")).toEqual([]);
      const mended = mend?.();
      if (mended) expect((await credential.acquireToken({ scopes })).accessToken).toBe(mended);
    },
  );
});

test("a call that has joined a search, and then asks the source that was found, has one deadline for both", async () => {
  tools.answer("az", {
    ...azToken("of-az", Date.now() + 3_600_000),
    before: `case "$*" in *graph*) echo $$ > ${pidFile()}; exec /bin/sleep 3600;; esac`,
  });
  rmSync(pidFile(), { force: true });
  const credential = createDefaultCredential({ system: laptop().system, processTimeoutInMs: 3_600_000 });
  const first = credential.acquireToken({ scopes });
  const second = failure(
    credential.acquireToken({ scopes: ["https://graph.microsoft.com/.default"], timeoutMs }),
  );
  expect((await first).accessToken).toBe("of-az");
  await eventually(toolRuns);
  const deadlines = jest.mocked(setTimeout).mock.calls.filter(([, delay]) => delay === timeoutMs);
  expect(deadlines).toHaveLength(1);
  deadline.pass();
  expect(await second).toMatchObject({
    errorCode: "request_timeout",
    errorMessage: expect.stringContaining("its source Azure CLI"),
  });
  await eventually(() => !isAlive());
});

test("a source that is in use is named as well", async () => {
  const credential = createDefaultCredential({ system: laptop().system, processTimeoutInMs: 3_600_000 });
  await credential.acquireToken({ scopes });
  hangingTool();
  const call = failure(
    credential.acquireToken({ scopes: ["https://graph.microsoft.com/.default"], timeoutMs }),
  );
  await eventually(toolRuns);
  deadline.pass();
  expect((await call).errorMessage).toContain("its source Azure CLI");
  await eventually(() => !isAlive());
});

test("a call that ends while another program holds the cache on disk names it, and asks no other source", async () => {
  process.env["AZURE_TOKEN_CREDENTIALS"] = "dev";
  const developerCache = {
    appName: "contoso-cli",
    directory: tools.path("held"),
    protection: "none" as const,
  };
  const plugin = await createPersistentCache(developerCache);
  const held = new TokenCacheContext({ serialize: () => "{}", deserialize: () => undefined }, true);
  await plugin.beforeCacheAccess(held);
  const credential = createDefaultCredential({ developerCache, system: laptop().system });
  const call = failure(credential.acquireToken({ scopes, timeoutMs }));
  deadline.pass();
  expect((await call).errorMessage).toContain("its source sign-in kept by contoso-cli");
  await plugin.afterCacheAccess(held);
  expect(tools.runs("az")).toEqual([]);
});

test("a call whose signal has aborted before asks no source", async () => {
  const credential = createDefaultCredential({ system: laptop().system });
  const error = failure(credential.acquireToken({ scopes, signal: AbortSignal.abort() }));
  expect((await error).errorCode).toBe("request_aborted");
  expect(tools.runs("az")).toEqual([]);
});
