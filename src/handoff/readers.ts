/** Who may read while nobody writes, as the controller decides it (handoff rule 36). */
import type { SyncthingNode } from '../desired/node.ts';
import type { Reader } from '../desired/volume.ts';
import { readerLoss } from './lost-writer.ts';
import { isStoreGone, type VolumeView } from './view.ts';

/**
 * Its node says so, and has it on its disk. A later right of the same copy says that the volume's status is from before
 * it: the API was restored from a backup.
 */
function hasEnded({ replicas }: VolumeView, reader: Reader): boolean {
  const status = replicas.get(reader.node)?.status;
  if (status?.reader === undefined || status.storeId !== reader.storeId) return false;
  const age = Date.parse(status.reader.since) - Date.parse(reader.since);
  return age > 0 || (age === 0 && status.reader.phase === 'ended');
}

/** Readers whose nodes are lost: they go without any failover, since they wrote nothing. To be confirmed live. */
export function lostReaders(view: VolumeView): readonly Reader[] {
  const { spec, status } = view.volume;
  if (spec.deletion !== undefined) return [];
  return status.readers.filter(
    (reader) =>
      !hasEnded(view, reader) && !isStoreGone(view, reader) && readerLoss(view, reader) !== undefined,
  );
}

/** Those that may still have the volume mounted. */
export function currentReaders(view: VolumeView): readonly Reader[] {
  const { readers } = view.volume.status;
  const lost = lostReaders(view);
  const left = readers.filter(
    (reader) => !hasEnded(view, reader) && !isStoreGone(view, reader) && !lost.includes(reader),
  );
  return left.length === readers.length ? readers : left;
}

export function isReader({ volume }: Pick<VolumeView, 'volume'>, node: string): boolean {
  return volume.status.readers.some((reader) => reader.node === node);
}

/** The node reads the volume already, with the disk that it has now. */
export function readsAlready(
  { volume }: Pick<VolumeView, 'volume'>,
  { name, status }: SyncthingNode,
): boolean {
  return volume.status.readers.some((reader) => reader.node === name && reader.storeId === status?.storeId);
}

/** Later than any that the copy had before, whatever the clocks say: it never takes one again that it ended. */
export function nextReader(view: VolumeView, { name, status }: SyncthingNode): Reader {
  const before = view.replicas.get(name)?.status?.reader;
  const earliest = before === undefined ? 0 : Date.parse(before.since) + 1;
  return {
    node: name,
    storeId: status?.storeId ?? '',
    since: new Date(Math.max(view.now, earliest)).toISOString(),
  };
}

/** The readers with those who come, by node. */
export function withReaders(readers: readonly Reader[], coming: readonly Reader[]): readonly Reader[] {
  const others = readers.filter((reader) => !coming.some(({ node }) => node === reader.node));
  return [...others, ...coming].sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** For people. */
export function namesOf(readers: readonly Reader[]): string {
  return readers.map(({ node }) => node).join(', ');
}
