/** Syncthing's version vectors: a counter for each device that changed the file. */
export type VersionVector = Readonly<Record<string, number>>;

export type Order = 'equal' | 'newer' | 'older' | 'concurrent';

export function compareVersions(one: VersionVector, other: VersionVector): Order {
  let isAhead = false;
  let isBehind = false;
  for (const device of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const difference = (one[device] ?? 0) - (other[device] ?? 0);
    if (difference > 0) isAhead = true;
    if (difference < 0) isBehind = true;
  }
  if (isAhead && isBehind) return 'concurrent';
  if (isAhead) return 'newer';
  return isBehind ? 'older' : 'equal';
}

/** Syncthing counts `max(previous + 1, seconds of the clock)`, so that a lost database does not give versions twice. */
export function bumped(version: VersionVector, device: string, clock: number): VersionVector {
  return { ...version, [device]: Math.max((version[device] ?? 0) + 1, clock) };
}

export function mergedVersions(one: VersionVector, other: VersionVector): VersionVector {
  const merged: Record<string, number> = { ...one };
  for (const [device, counter] of Object.entries(other))
    merged[device] = Math.max(merged[device] ?? 0, counter);
  return merged;
}

/** What counted as changed on a receiver drops the others' counters when a writer's scan finds it (`DropOthers`). */
export function withoutOthers(version: VersionVector, device: string): VersionVector {
  const own = version[device];
  return own === undefined ? {} : { [device]: own };
}
