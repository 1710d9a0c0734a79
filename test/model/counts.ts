/** How often each row of the decisions' tables and each fault occurred. */
export type Counts = Map<string, number>;

export function count(counts: Counts, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
