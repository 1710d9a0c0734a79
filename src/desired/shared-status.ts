/** What the status of a volume with `access: eventual` says, and that of no other does (handoff rule 37). */
import { namesOf } from '../handoff/rights.ts';
import { heldThrough, isWritingReport } from '../handoff/shared-flush.ts';
import { hasCurrentStore, isAlive, isExpelled, type VolumeView } from '../handoff/view.ts';
import type { Conflicts, SyncthingVolumeStatus, Writer } from './volume.ts';

/** Names of conflict copies that a status has room for. */
const MAX_NAMES = 10;

/** The name of the same list is what a person reads in the column WRITERS. */
export function withWriters(
  before: SyncthingVolumeStatus,
  writers: readonly Writer[],
): SyncthingVolumeStatus {
  const { writing: _, ...status } = before;
  return { ...status, writers, ...(writers.length > 0 && { writing: namesOf(writers) }) };
}

/** The oldest of what the writers have on a data node: up to there nothing is on one disk alone. It never falls. */
export function sharedThrough(view: VolumeView): SyncthingVolumeStatus {
  const { status } = view.volume;
  const writing = [...view.replicas.values()].filter(
    (replica) => isWritingReport(replica.status) && !isExpelled(view, replica.spec.node),
  );
  const moments = writing.flatMap((replica) => heldThrough(view, replica) ?? []);
  if (moments.length === 0 || moments.length < writing.length) return status;
  const oldest = Math.min(...moments.map((moment) => Date.parse(moment)));
  const before = Date.parse(status.replicatedThrough ?? '');
  return oldest <= before ? status : { ...status, replicatedThrough: new Date(oldest).toISOString() };
}

/** `name.sync-conflict-20060102-150405-ABCDEFG.ext`, as Syncthing makes them. */
const CONFLICT = /\.sync-conflict-(?<day>\d{8})-(?<time>\d{6})(?:-[A-Z2-7]{7})?(?:\.[^/]*)?$/;

export function isConflictName(path: string): boolean {
  return CONFLICT.test(path);
}

function madeAt(path: string): string {
  const groups = CONFLICT.exec(path)?.groups;
  return `${groups?.['day'] ?? ''}${groups?.['time'] ?? ''}`;
}

/** The latest come first, so that a new one is among those that are named. */
export function conflictsOf(paths: readonly string[]): Conflicts | undefined {
  if (paths.length === 0) return undefined;
  const latest = paths.toSorted((a, b) => madeAt(b).localeCompare(madeAt(a)) || (a < b ? -1 : 1));
  return { count: paths.length, names: latest.slice(0, MAX_NAMES) };
}

/** As the copies that answer see them: each has all sooner or later. */
export function withConflicts(view: VolumeView): SyncthingVolumeStatus {
  const { conflicts: _, ...status } = view.volume.status;
  const copies = [...view.replicas.values()].filter(
    (replica) => isAlive(view, replica.spec.node) && hasCurrentStore(view, replica),
  );
  if (copies.length === 0) return view.volume.status;
  const found = copies.flatMap((replica) => replica.status?.conflicts ?? []);
  const named = conflictsOf([...new Set(found.flatMap(({ names }) => names))]);
  if (named === undefined) return status;
  const count = Math.max(named.names.length, ...found.map((each) => each.count));
  return { ...status, conflicts: { count, names: named.names } };
}
