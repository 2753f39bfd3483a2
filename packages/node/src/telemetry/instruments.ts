import type { Counter, Histogram, Meter } from "@opentelemetry/api";

/** One metric: its name, unit and meaning. */
export interface Instrument {
  readonly name: string;
  readonly kind: "counter" | "histogram";
  readonly unit: string;
  readonly description: string;
  /** Upper bounds of a histogram's buckets. */
  readonly bounds?: readonly number[];
}

/** The bounds that the semantic conventions advise for `http.client.request.duration`. */
const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const LIFETIMES = [0, 60, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** Every metric, with its name. */
export const INSTRUMENTS = {
  hit: {
    name: "tessera.cache.hits",
    kind: "counter",
    unit: "{lookup}",
    description: "Look-ups that found an access token in the cache",
  },
  miss: {
    name: "tessera.cache.misses",
    kind: "counter",
    unit: "{lookup}",
    description: "Look-ups that found no access token that can be used, and calls that do not accept one",
  },
  renewal: {
    name: "tessera.token.renewals",
    kind: "counter",
    unit: "{renewal}",
    description: "Renewals of cached tokens, in the background or while the caller waits",
  },
  retry: {
    name: "tessera.retries",
    kind: "counter",
    unit: "{retry}",
    description: "HTTP requests that are sent again after a failure",
  },
  throttled: {
    name: "tessera.throttled",
    kind: "counter",
    unit: "{response}",
    description: "Responses that ask for a pause",
  },
  operation: {
    name: "tessera.operation.duration",
    kind: "histogram",
    unit: "s",
    description: "Duration of the calls to an application's methods",
    bounds: DURATIONS,
  },
  request: {
    name: "http.client.request.duration",
    kind: "histogram",
    unit: "s",
    description: "Duration of HTTP requests",
    bounds: DURATIONS,
  },
  cache: {
    name: "tessera.cache.duration",
    kind: "histogram",
    unit: "s",
    description: "Duration of loading from and saving to the cache plugin or store",
    bounds: DURATIONS,
  },
  lifetime: {
    name: "tessera.token.remaining_lifetime",
    kind: "histogram",
    unit: "s",
    description: "Remaining lifetime of access tokens when the application gets them",
    bounds: LIFETIMES,
  },
} as const satisfies Record<string, Instrument>;

/** The instruments of one meter. */
export type Instruments = {
  readonly [K in keyof typeof INSTRUMENTS]: (typeof INSTRUMENTS)[K]["kind"] extends "counter"
    ? Counter
    : Histogram;
};

/** Creates the instruments. */
export function instrumentsOf(meter: Meter): Instruments {
  const counter = ({ name, unit, description }: Instrument): Counter =>
    meter.createCounter(name, { unit, description });
  const histogram = ({ name, unit, description, bounds }: Instrument): Histogram =>
    meter.createHistogram(name, {
      unit,
      description,
      advice: { explicitBucketBoundaries: [...(bounds ?? [])] },
    });
  return {
    hit: counter(INSTRUMENTS.hit),
    miss: counter(INSTRUMENTS.miss),
    renewal: counter(INSTRUMENTS.renewal),
    retry: counter(INSTRUMENTS.retry),
    throttled: counter(INSTRUMENTS.throttled),
    operation: histogram(INSTRUMENTS.operation),
    request: histogram(INSTRUMENTS.request),
    cache: histogram(INSTRUMENTS.cache),
    lifetime: histogram(INSTRUMENTS.lifetime),
  };
}
