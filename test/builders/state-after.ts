import {
  announced,
  archived,
  beginRejoin,
  decline,
  rejoined,
  release,
  sawEpoch,
  tookBack,
  type DiskState,
} from '../../src/handoff/disk-state.ts';
import { endReading } from '../../src/handoff/reading.ts';
import type { LocalAction } from '../../src/handoff/local.ts';

type LeavesState = Extract<
  LocalAction,
  { kind: 'scan' | 'absorb' | 'announce' | 'drop-versions' | 'recheck' }
>;

function leavesState(action: LocalAction): action is LeavesState {
  return ['scan', 'absorb', 'announce', 'drop-versions', 'recheck'].includes(action.kind);
}

const WITHOUT_ARGUMENTS = {
  'archive-tree': archived,
  'finish-rejoin': rejoined,
  'stop-announcing': announced,
} as const;

/** state.json after an action of planLocal that was carried out. */
export function stateAfter(state: DiskState, action: LocalAction): DiskState {
  if (leavesState(action)) return state;
  switch (action.kind) {
    case 'see-epoch':
      return sawEpoch(state, action.epoch);
    case 'end-reading':
      return endReading(state, action.since);
    case 'release':
      return release(state, action.scan);
    case 'decline':
      return decline(state, action.epoch);
    case 'begin-rejoin':
      return beginRejoin(state, action.epoch, `${state.folderId}/${action.epoch}`);
    case 'take-back':
      return tookBack(state, action.epoch);
    default:
      return WITHOUT_ARGUMENTS[action.kind](state);
  }
}
