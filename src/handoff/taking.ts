/** A grant on its way to a mount: what its node does before its folder is a writer's (handoff rules 5, 8, 11 and 35). */
import type { SyncthingReplicaSpec } from '../desired/replica.ts';
import type { DiskPhase, DiskState } from './disk-state.ts';
import { folderTypeOf } from './folder-type.ts';
import type { LocalAction, LocalView } from './local.ts';
import { isHeldElsewhere } from './session.ts';
import { isShared } from './writing.ts';

/** The grant of this node under which nothing was mounted yet, and which its state.json did not end. */
export function untakenGrant(view: Pick<LocalView, 'node' | 'state' | 'order'>): number | undefined {
  const { phase } = view.state;
  const grant = view.order?.grant;
  if (grant === undefined || grant.node !== view.node) return undefined;
  return isTakenOrEnded(phase) && phase.epoch >= grant.epoch ? undefined : grant.epoch;
}

function isTakenOrEnded(
  phase: DiskPhase,
): phase is Extract<DiskPhase, { kind: 'writer' | 'released' | 'untouched' }> {
  return phase.kind === 'writer' || phase.kind === 'released' || phase.kind === 'untouched';
}

/**
 * The folder of a copy that is about to write stays as it is until it becomes a writer's, peers and all: a restart as a
 * receiver that shares with nobody takes links and directories for changed, and what counts as changed when the type
 * comes is announced in a version of its own, which a copy that was left out wins against later (handoff rule 11).
 */
export function isComingToWrite(node: string, state: DiskState, order: SyncthingReplicaSpec): boolean {
  if (isShared(order) || order.rejoin !== undefined || order.grant?.storeId !== state.storeId) return false;
  return folderTypeOf(state, order) === 'receiveonly' && untakenGrant({ node, state, order }) !== undefined;
}

/**
 * A grant that this node asked for no more, or that is for an import and so needs no asking; or one that it cannot take,
 * since something came to count as changed here after it was found to be covered (rules 8 and 9).
 */
export function untakenActions(view: LocalView): readonly LocalAction[] {
  const epoch = untakenGrant(view);
  if (epoch === undefined || view.state.phase.kind === 'writer') return [];
  if (isTakenBackFirst(view)) return [{ kind: 'decline', epoch }];
  if (view.order?.importFrom !== undefined) return [{ kind: 'import' }];
  return view.isWanted ? [] : [{ kind: 'decline', epoch }];
}

/** What this store alone has is announced as it is (rule 8). */
function isTakenBackFirst({ state, order, folder }: LocalView): boolean {
  const isUnclean = folder?.type === 'receiveonly' && folder.receiveOnlyItems > 0;
  if (state.phase.kind !== 'taking' || order === undefined) return false;
  return isUnclean && isHeldElsewhere(order.base, state.storeId);
}
