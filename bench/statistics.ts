/** Order statistics of small samples. */

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The value below which `share` (0 to 1) of the sample lies, by the nearest rank. */
export function percentile(sample: readonly number[], share: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** The middle value, or the mean of the two middle ones. */
export function median(sample: readonly number[]): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The median of the ratios of values that were measured next to each other: what a machine that drifts leaves intact. */
export function medianRatio(ours: readonly number[], peers: readonly number[]): number {
  const ratios = ours.flatMap((value, index) => {
    const peer = peers[index];
    return peer === undefined || peer === 0 ? [] : [value / peer];
  });
  return median(ratios);
}

/**
 * Where the ratio of ours to the peers' lies with 95 % certainty, from many values that were measured next to each other:
 * of their geometric means, whose scatter shows in the ratios' logarithms.
 */
export function ratioInterval(ours: readonly number[], peers: readonly number[]): readonly [number, number] {
  const logs = ours.map((value, index) => Math.log(value / (peers[index] ?? Number.NaN)));
  const middle = mean(logs);
  const squares = logs.reduce((sum, log) => sum + (log - middle) ** 2, 0);
  const half = (1.96 * Math.sqrt(squares / (logs.length - 1))) / Math.sqrt(logs.length);
  return [Math.exp(middle - half), Math.exp(middle + half)];
}
