import { AsyncLocalStorage } from "node:async_hooks";
import {
  context,
  metrics,
  ROOT_CONTEXT,
  trace,
  type Attributes,
  type Context,
  type ContextManager,
} from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from "@opentelemetry/sdk-trace-base";

/** One value of a metric. */
export interface Measured {
  readonly attributes: Attributes;
  /** Of a counter. */
  readonly value?: number;
  /** Of a histogram. */
  readonly count?: number;
  readonly sum?: number;
}

/** The real SDK, registered as an application does it. */
export interface Collected {
  readonly spans: () => readonly ReadableSpan[];
  /** The spans below a span, by name. */
  readonly below: (span: ReadableSpan) => readonly string[];
  readonly metric: (name: string) => Promise<readonly Measured[]>;
  /** Everything as one text, to search it. */
  readonly text: () => Promise<string>;
  readonly reset: () => void;
  readonly stop: () => Promise<void>;
}

/** Follows asynchronous calls, as the SDK for Node.js does. */
function asyncContexts(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, self, ...args) => storage.run(active, () => work.call(self as never, ...args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

/** Registers an SDK that keeps everything in memory. */
export function collectTelemetry(): Collected {
  const spans = new InMemorySpanExporter();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const meters = new MeterProvider({ readers: [reader] });
  context.setGlobalContextManager(asyncContexts());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  );
  metrics.setGlobalMeterProvider(meters);
  const all = async () => {
    exporter.reset();
    await reader.forceFlush();
    return exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap((scope) => scope.metrics);
  };
  return {
    spans: () => spans.getFinishedSpans(),
    below: (parent) =>
      spans
        .getFinishedSpans()
        .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent.spanContext().spanId)
        .map(({ name }) => name),
    async metric(name) {
      const found = (await all()).filter(({ descriptor }) => descriptor.name === name);
      return found
        .flatMap(({ dataPoints }) => [...dataPoints])
        .map(({ attributes, value }) =>
          typeof value === "number"
            ? { attributes, value }
            : { attributes, count: value.count, sum: "sum" in value ? (value.sum ?? 0) : 0 },
        );
    },
    async text() {
      const seen = spans
        .getFinishedSpans()
        .map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links }));
      return JSON.stringify([seen, await all()]);
    },
    reset: () => {
      spans.reset();
    },
    async stop() {
      trace.disable();
      metrics.disable();
      context.disable();
      await meters.shutdown();
    },
  };
}
