/** Rights that several nodes have at once: to read, to write beside others (handoff rules 36 and 37). */
import type { SyncthingNode } from '../desired/node.ts';
import type { SyncthingReplicaStatus } from '../desired/replica.ts';
import type { Right } from '../desired/volume.ts';
import { nodeLoss } from './lost-writer.ts';
import { isStoreGone, type VolumeView } from './view.ts';

/** What a copy says of the last right of one kind that it had. */
export interface RightReport {
  readonly since: string;
  readonly hasEnded: boolean;
}

export type ReportOf = (status: SyncthingReplicaStatus) => RightReport | undefined;

/**
 * Its node says so, and has it on its disk. A later right of the same copy says that the volume's status is from before
 * it: the API was restored from a backup.
 */
function hasEnded({ replicas }: VolumeView, right: Right, reportOf: ReportOf): boolean {
  const status = replicas.get(right.node)?.status;
  const report = status === undefined ? undefined : reportOf(status);
  if (report === undefined || status?.storeId !== right.storeId) return false;
  const age = Date.parse(report.since) - Date.parse(right.since);
  return age > 0 || (age === 0 && report.hasEnded);
}

/** Rights whose nodes are lost. To be confirmed live. */
export function lostRights<R extends Right>(
  view: VolumeView,
  rights: readonly R[],
  reportOf: ReportOf,
): readonly R[] {
  if (view.volume.spec.deletion !== undefined) return [];
  return rights.filter(
    (right) =>
      !hasEnded(view, right, reportOf) && !isStoreGone(view, right) && nodeLoss(view, right) !== undefined,
  );
}

/** Those that neither ended nor are lost; the same list where all are left. */
export function currentRights<R extends Right>(
  view: VolumeView,
  rights: readonly R[],
  reportOf: ReportOf,
): readonly R[] {
  const lost = lostRights(view, rights, reportOf);
  const left = rights.filter(
    (right) => !hasEnded(view, right, reportOf) && !isStoreGone(view, right) && !lost.includes(right),
  );
  return left.length === rights.length ? rights : left;
}

/** The node has one of them, with the disk that it has now. */
export function hasRight(rights: readonly Right[], { name, status }: SyncthingNode): boolean {
  return rights.some((right) => right.node === name && right.storeId === status?.storeId);
}

/** Later than the one that the copy had before, whatever the clocks say: it never takes one again that it ended. */
export function nextRight(
  view: Pick<VolumeView, 'now'>,
  { name, status }: SyncthingNode,
  before: string | undefined,
): Right {
  const earliest = before === undefined ? 0 : Date.parse(before) + 1;
  return {
    node: name,
    storeId: status?.storeId ?? '',
    since: new Date(Math.max(view.now, earliest)).toISOString(),
  };
}

/** With those who come, by node. */
export function withRights<R extends Right>(rights: readonly R[], coming: readonly R[]): readonly R[] {
  const others = rights.filter((right) => !coming.some(({ node }) => node === right.node));
  return [...others, ...coming].sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** For people. */
export function namesOf(rights: readonly Right[]): string {
  return rights.map(({ node }) => node).join(', ');
}
