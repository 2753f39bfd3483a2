import type {
  Attributes,
  ContextManager,
  MeterProvider,
  Span,
  SpanKind,
  Tracer,
  TracerProvider,
} from "@opentelemetry/api";
import type { HttpRequest, HttpResponse } from "@tessera/core";
import {
  errorType,
  parsedUrl,
  type Counted,
  type Facts,
  type Observer,
  type Step,
  type Subject,
  type Tell,
} from "@tessera/core/internal";
import type { TelemetryAttribute } from "../configuration.js";
import { instrumentsOf, type Instruments } from "./instruments.js";

type Api = typeof import("@opentelemetry/api");

/**
 * What an application has registered. It is taken from where it was registered, because the application may have another
 * copy of `@opentelemetry/api`, of an earlier release than this package's, and that finds nothing of the other.
 */
export interface Registered {
  readonly trace?: TracerProvider;
  readonly metrics?: MeterProvider;
  readonly context?: ContextManager;
}

/** Traces and measures with OpenTelemetry. Nothing that it notes quotes a message: those may name users. */
export class OpenTelemetryObserver implements Observer {
  readonly #api: Api;
  readonly #registered: Registered;
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;
  readonly #asked: ReadonlySet<TelemetryAttribute>;

  /**
   * @param version of this package
   * @param asked what the application adds
   */
  constructor(api: Api, registered: Registered, version: string, asked: ReadonlySet<TelemetryAttribute>) {
    this.#api = api;
    this.#registered = registered;
    const { trace = api.trace, metrics } = registered;
    this.#tracer = trace.getTracer("@tessera/node", version);
    this.#instruments = instrumentsOf(metrics?.getMeter("@tessera/node", version) ?? api.createNoopMeter());
    this.#asked = asked;
  }

  async around<T>(step: Step, facts: Facts, run: (tell: Tell) => Promise<T>): Promise<T> {
    const name = step === "operation" ? String(facts["tessera.operation"]) : step;
    return this.#spanned(
      { name: `tessera.${name}`, kind: this.#api.SpanKind.INTERNAL, facts },
      run,
      (seconds, told) => {
        if (step === "operation") this.#instruments.operation.record(seconds, told);
        if (step === "cache_load" || step === "cache_save")
          this.#instruments.cache.record(seconds, { ...told, "tessera.cache.operation": step.slice(6) });
      },
    );
  }

  async request(
    { method, url }: Pick<HttpRequest, "method" | "url">,
    send: () => Promise<HttpResponse>,
  ): Promise<HttpResponse> {
    const target = parsedUrl(url);
    // Not the path: that of some endpoints names a user.
    const facts: Facts = {
      "http.request.method": method,
      "server.address": target?.hostname,
      "server.port": Number(target?.port || (target?.protocol === "http:" ? 80 : 443)),
    };
    const attempt = async (tell: Tell): Promise<HttpResponse> => {
      const response = await send();
      const { status } = response;
      tell({
        "http.response.status_code": status,
        ...(status >= 400 ? { "error.type": String(status) } : {}),
      });
      return response;
    };
    return this.#spanned({ name: method, kind: this.#api.SpanKind.CLIENT, facts }, attempt, (seconds, told) =>
      this.#instruments.request.record(seconds, told),
    );
  }

  count(event: Counted, facts: Facts, subject?: Subject): void {
    this.#instruments[event].add(1, { ...facts, ...(subject ? this.#askedOf(subject) : {}) });
  }

  handedOut(secondsLeft: number, facts: Facts, subject: Subject): void {
    this.#instruments.lifetime.record(secondsLeft, { ...facts, ...this.#askedOf(subject) });
  }

  async #spanned<T>(
    { name, kind, facts }: { readonly name: string; readonly kind: SpanKind; readonly facts: Facts },
    run: (tell: Tell) => Promise<T>,
    record: (seconds: number, told: Attributes) => void,
  ): Promise<T> {
    const { ROOT_CONTEXT, SpanStatusCode, trace } = this.#api;
    const { context } = this.#registered;
    const told: Attributes = { ...facts };
    const outer = context?.active() ?? ROOT_CONTEXT;
    const span: Span = this.#tracer.startSpan(name, { kind, attributes: told }, outer);
    const startedAt = performance.now();
    const tell = (more: Facts): void => {
      Object.assign(told, more);
      span.setAttributes(more);
    };
    try {
      return await (context ? context.with(trace.setSpan(outer, span), run, undefined, tell) : run(tell));
    } catch (error) {
      tell({ "error.type": errorType(error) });
      throw error;
    } finally {
      const type = told["error.type"];
      if (typeof type === "string") span.setStatus({ code: SpanStatusCode.ERROR, message: type });
      span.end();
      record((performance.now() - startedAt) / 1000, told);
    }
  }

  #askedOf({ tenant, scopes, user }: Subject): Attributes {
    const asked = this.#asked;
    if (asked.size === 0) return {};
    return {
      ...(asked.has("tenant") ? { "tessera.tenant": tenant } : {}),
      ...(asked.has("scopes") ? { "tessera.scopes": scopes.join(" ") } : {}),
      ...(asked.has("user") && user !== undefined ? { "user.id": user } : {}),
    };
  }
}
