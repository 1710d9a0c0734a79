import {
  announced,
  archived,
  archivesOf,
  beginRejoin,
  decline,
  rejoined,
  release,
  sawEpoch,
  tookBack,
  type DiskState,
} from '../../src/handoff/disk-state.ts';
import { endReading } from '../../src/handoff/reading.ts';
import { declineWriting } from '../../src/handoff/writing.ts';
import type { LocalAction } from '../../src/handoff/local.ts';

type LeavesState = Extract<
  LocalAction,
  { kind: 'scan' | 'import' | 'absorb' | 'announce' | 'drop-versions' | 'recheck' | 'scan-shared' }
>;

function leavesState(action: LocalAction): action is LeavesState {
  return ['scan', 'import', 'absorb', 'announce', 'drop-versions', 'recheck', 'scan-shared'].includes(
    action.kind,
  );
}

type Rejoins = Extract<
  LocalAction,
  { kind: 'begin-rejoin' | 'archive-tree' | 'finish-rejoin' | 'take-back' }
>;

function rejoins(action: LocalAction): action is Rejoins {
  return ['begin-rejoin', 'archive-tree', 'finish-rejoin', 'take-back'].includes(action.kind);
}

export function rejoiningIn({ phase }: DiskState): number {
  return phase.kind === 'rejoining' ? phase.epoch : 0;
}

function afterRejoin(state: DiskState, action: Rejoins): DiskState {
  switch (action.kind) {
    case 'begin-rejoin':
      return beginRejoin(state, action.epoch, `${state.folderId}/${action.epoch}`);
    case 'archive-tree':
      return archived(state, rejoiningIn(state));
    case 'finish-rejoin':
      return rejoined(state, { epoch: rejoiningIn(state), archives: archivesOf(state) });
    case 'take-back':
      return tookBack(state, action.epoch);
  }
}

/** state.json after an action of planLocal that was carried out. */
export function stateAfter(state: DiskState, action: LocalAction): DiskState {
  if (leavesState(action)) return state;
  if (rejoins(action)) return afterRejoin(state, action);
  switch (action.kind) {
    case 'see-epoch':
      return sawEpoch(state, action);
    case 'end-reading':
      return endReading(state, action.since);
    case 'decline-writing':
      return declineWriting(state, action.since);
    case 'release':
      return release(state, action.scan);
    case 'decline':
      return decline(state, action.epoch);
    case 'stop-announcing':
      return announced(state);
  }
}
