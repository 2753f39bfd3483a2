import type { AuthenticationResult, Clock, Logger } from "@tessera/core";
import { isRecord, version, type Observer } from "@tessera/core/internal";
import type { NodeTelemetryOptions, TelemetryAttribute } from "../configuration.js";
import { checkedAttributes } from "./checked-attributes.js";
import { OpenTelemetryObserver, type Registered } from "./open-telemetry-observer.js";

type Api = typeof import("@opentelemetry/api");

/** Where every copy of `@opentelemetry/api` keeps what the application has registered. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");

/** Of this build, in this process: an optional package is loaded once, if it is there. */
const loaded: { api: Api | undefined; loading: Promise<void> | undefined; failure: unknown } = {
  api: undefined,
  loading: undefined,
  failure: undefined,
};

/**
 * The application's traces and metrics. `@opentelemetry/api` is loaded once the application has registered an SDK with it,
 * and not before: until then nothing is prepared, and a cache hit looks at one property.
 */
export class Telemetry {
  readonly #asked: ReadonlySet<TelemetryAttribute>;
  readonly #clock: Clock;
  readonly #logger: () => Logger;
  #observer: OpenTelemetryObserver | undefined;
  /** What the observer was made for: an application may register another SDK, or none any more. */
  #seen: Registered | undefined;
  /** Results that have been measured: a method may return what another one returned to it. */
  readonly #measured = new WeakSet<object>();

  /** @throws ClientConfigurationError `invalid_option` for an attribute that is not known */
  constructor(options: NodeTelemetryOptions | undefined, clock: Clock, logger: () => Logger) {
    this.#asked = new Set(checkedAttributes(options?.metricAttributes));
    this.#clock = clock;
    this.#logger = logger;
    this.observer();
  }

  /** Returns the observer while an SDK is registered. */
  readonly observer = (): Observer | undefined => {
    const registered = (globalThis as { [REGISTRY]?: Registered })[REGISTRY];
    return registered === undefined ? undefined : this.#observerOf(registered);
  };

  /** Whether an SDK is registered, for diagnostics. */
  state(): "not registered" | "active" | "@opentelemetry/api cannot be loaded" {
    if (this.observer()) return "active";
    return loaded.failure === undefined ? "not registered" : "@opentelemetry/api cannot be loaded";
  }

  /** Whether a method has to be run by {@link operation}. */
  isOn(): boolean {
    return this.observer() !== undefined || loaded.loading !== undefined;
  }

  /** Runs a method of the application in a span of its own. */
  async operation<T>(method: string, run: () => T | Promise<T>): Promise<T> {
    // The first call waits, so that it is traced as well.
    await loaded.loading;
    const observer = this.observer();
    return observer ? this.#inSpan(observer, method, run) : run();
  }

  #inSpan<T>(observer: Observer, method: string, run: () => T | Promise<T>): Promise<T> {
    return observer.around("operation", { "tessera.operation": method }, async (tell) => {
      const result = await run();
      const source = isResult(result) ? result.metadata?.source : undefined;
      if (source) tell({ "tessera.token.source": source });
      if (isResult(result)) this.#measure(observer, result);
      return result;
    });
  }

  #measure(observer: Observer, result: AuthenticationResult): void {
    const { expiresOn, metadata, tenantId, scopes, account } = result;
    if (!expiresOn || this.#measured.has(result)) return;
    this.#measured.add(result);
    const secondsLeft = Math.max(0, (expiresOn.getTime() - this.#clock.now()) / 1000);
    const facts = { "tessera.token.source": metadata?.source };
    observer.handedOut(secondsLeft, facts, { tenant: tenantId, scopes, user: account?.homeAccountId });
  }

  #observerOf(registered: Registered): Observer | undefined {
    const { trace, metrics, context } = registered;
    if (trace === undefined && metrics === undefined) return undefined;
    if (!loaded.api) {
      if (loaded.failure === undefined) loaded.loading ??= load(this.#logger());
      return undefined;
    }
    const seen = this.#seen;
    if (seen?.trace !== trace || seen?.metrics !== metrics || seen?.context !== context) {
      this.#seen = { ...registered };
      this.#observer = new OpenTelemetryObserver(loaded.api, this.#seen, version, this.#asked);
    }
    return this.#observer;
  }
}

async function load(logger: Logger): Promise<void> {
  try {
    loaded.api = await import("@opentelemetry/api");
  } catch (error) {
    loaded.failure = error;
    logger.warning(
      "OpenTelemetry is registered, but @opentelemetry/api cannot be loaded, so nothing is traced: install it beside @tessera/node, or let the bundler include it.",
    );
  } finally {
    loaded.loading = undefined;
  }
}

function isResult(value: unknown): value is AuthenticationResult {
  return isRecord(value) && "accessToken" in value && "expiresOn" in value;
}
