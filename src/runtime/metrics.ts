/** Label names and values; every sample of a metric has the same names. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(labels: Labels, amount?: number): void;
}

export interface Gauge {
  set(labels: Labels, value: number): void;
  /** Forgets all samples: for a gauge that is written anew from what is observed, so that what is gone goes. */
  clear(): void;
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
}

/**
 * Counters, gauges and histograms in the text format of Prometheus 0.0.4. Written out here because prom-client costs
 * 6 MiB of private memory, a tenth of what a node may have, for what these lines do.
 */
export interface Metrics {
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  /** `buckets` are upper bounds, rising; +Inf is added. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  /** The page a scrape gets. */
  render(): string;
}

/** Durations of CSI calls in seconds: a mount takes milliseconds, a stage that waits for a sync minutes. */
export const callBuckets: readonly number[] = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export function createMetrics(): Metrics {
  const families = new Map<string, () => readonly string[]>();
  function register(name: string, render: () => readonly string[]): void {
    if (families.has(name)) throw new Error(`metric ${name} is registered twice`);
    families.set(name, render);
  }
  return {
    counter(name, help) {
      const samples = new Map<string, number>();
      register(name, () => family({ name, help, type: 'counter' }, simpleLines(name, samples)));
      return {
        add(labels, amount = 1) {
          const key = renderLabels(labels);
          samples.set(key, (samples.get(key) ?? 0) + amount);
        },
      };
    },
    gauge(name, help) {
      const samples = new Map<string, number>();
      register(name, () => family({ name, help, type: 'gauge' }, simpleLines(name, samples)));
      return {
        set: (labels, value) => void samples.set(renderLabels(labels), value),
        clear: () => samples.clear(),
      };
    },
    histogram(name, help, buckets) {
      const samples = new Map<string, HistogramSample>();
      register(name, () =>
        family({ name, help, type: 'histogram' }, [...samples.values()].flatMap(histogramLines(name))),
      );
      return { observe: (labels, value) => observe(samples, { labels, buckets, value }) };
    },
    render: () => [...families.values()].flatMap((render) => render()).join('\n') + '\n',
  };
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
}

function family({ name, help, type }: Family, samples: readonly string[]): readonly string[] {
  return [
    `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${type}`,
    ...samples,
  ];
}

function simpleLines(name: string, samples: ReadonlyMap<string, number>): readonly string[] {
  return [...samples].map(([labels, value]) => `${name}${labels} ${value}`);
}

interface HistogramSample {
  readonly labels: Labels;
  readonly buckets: readonly number[];
  /** How many values fell between the bound before and this one; the last is above every bound. */
  readonly counts: number[];
  sum: number;
}

interface Observation {
  readonly labels: Labels;
  readonly buckets: readonly number[];
  readonly value: number;
}

function observe(samples: Map<string, HistogramSample>, { labels, buckets, value }: Observation): void {
  const key = renderLabels(labels);
  const sample = samples.get(key) ?? {
    labels,
    buckets,
    counts: Array<number>(buckets.length + 1).fill(0),
    sum: 0,
  };
  samples.set(key, sample);
  const index = buckets.findIndex((bound) => value <= bound);
  const slot = index === -1 ? buckets.length : index;
  sample.counts[slot] = (sample.counts[slot] ?? 0) + 1;
  sample.sum += value;
}

function histogramLines(name: string): (sample: HistogramSample) => readonly string[] {
  return ({ labels, buckets, counts, sum }) => {
    let total = 0;
    const lines = counts.map((count, index) => {
      total += count;
      const le = buckets[index] === undefined ? '+Inf' : String(buckets[index]);
      return `${name}_bucket${renderLabels({ ...labels, le })} ${total}`;
    });
    const rendered = renderLabels(labels);
    return [...lines, `${name}_sum${rendered} ${sum}`, `${name}_count${rendered} ${total}`];
  };
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
