/** Version vector: a counter for each device that ever changed the file, by short device id. */
export type VersionVector = Readonly<Record<string, number>>;

/** One file, directory or symlink in an index. */
export interface IndexEntry {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly deleted: boolean;
  readonly size: number;
  readonly modifiedMs: number;
  readonly permissions: number;
  readonly version: VersionVector;
  readonly modifiedBy: string;
  readonly sequence: number;
  /** Changed on a receive-only folder: never the global version, and sent to others as nothing. */
  readonly receiveOnlyChanged: boolean;
  /** Sent by a device that would not give the content away. */
  readonly invalid: boolean;
}

export type VersionOrder = 'equal' | 'newer' | 'older' | 'concurrent';

/** How `left` relates to `right`. */
export function compareVersions(left: VersionVector, right: VersionVector): VersionOrder {
  const devices = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  const above = devices.some((device) => (left[device] ?? 0) > (right[device] ?? 0));
  const below = devices.some((device) => (left[device] ?? 0) < (right[device] ?? 0));
  if (above) {
    return below ? 'concurrent' : 'newer';
  }
  return below ? 'older' : 'equal';
}

/** The next version of a file that a device changes; counters are at least the time in seconds. */
export function nextVersion(version: VersionVector, device: string, nowMs: number): VersionVector {
  const counter = Math.max((version[device] ?? 0) + 1, Math.floor(nowMs / 1000));
  return { ...version, [device]: counter };
}

/** Not older than either. */
export function mergedVersions(one: VersionVector, other: VersionVector): VersionVector {
  const merged: Record<string, number> = { ...one };
  for (const [device, counter] of Object.entries(other))
    merged[device] = Math.max(merged[device] ?? 0, counter);
  return merged;
}

/** Which of the versions that devices have is the one that all should have. */
export function globalEntry(entries: readonly IndexEntry[]): IndexEntry | undefined {
  const [first, ...others] = entries.filter(isValid);
  return first && others.reduce((best, entry) => (wins(entry, best) ? entry : best), first);
}

export function isValid(entry: IndexEntry): boolean {
  return !entry.invalid && !entry.receiveOnlyChanged;
}

function wins(entry: IndexEntry, best: IndexEntry): boolean {
  const order = compareVersions(entry.version, best.version);
  if (order !== 'concurrent') {
    return order === 'newer';
  }
  if (entry.deleted !== best.deleted) {
    return best.deleted;
  }
  return entry.modifiedMs === best.modifiedMs
    ? entry.modifiedBy > best.modifiedBy
    : entry.modifiedMs > best.modifiedMs;
}

/** Whether a device that has `have` (perhaps nothing) still needs the global version. */
export function needs(global: IndexEntry, have: IndexEntry | undefined): boolean {
  if (have === undefined) {
    return !global.deleted;
  }
  const order = compareVersions(have.version, global.version);
  return order === 'older' || order === 'concurrent';
}
