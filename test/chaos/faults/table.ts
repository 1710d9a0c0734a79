import type { FaultKind } from '../plan/fault-kind.ts';
import { apiRestored } from './api-restored.ts';
import { apiServerGone } from './api-server-gone.ts';
import { bigFileBlocks, manySmallFiles } from './burst.ts';
import { databaseDeleted } from './database-deleted.ts';
import { diskFull } from './disk-full.ts';
import { drain } from './drain.ts';
import type { Fault } from './fault.ts';
import { killHelper } from './kill-helper.ts';
import { restartKubelet } from './kill-kubelet.ts';
import { killKubeletBeforeUnstage } from './kill-kubelet-before-unstage.ts';
import { killController, killNode, killSyncthing } from './kill-process.ts';
import { killScrubber } from './kill-scrubber.ts';
import { kubeletDead } from './kubelet-dead.ts';
import { lostPartitioned } from './lost-partitioned.ts';
import { nodeLost } from './node-lost.ts';
import { partitionApi, partitionNodes, partitionOneWay } from './partition.ts';
import { podKilled } from './pod-killed.ts';
import { powerCut, powerCutAll } from './power-cut.ts';
import { replicaChanged, replicaWiped } from './replica-files.ts';
import { swapNodes } from './swap-nodes.ts';

/** How each kind of fault is made, and healed. */
export const FAULTS: Readonly<Record<FaultKind, Fault>> = {
  'power-cut-writer': powerCut,
  'power-cut-data-node': powerCut,
  'power-cut-all': powerCutAll,
  'partition-nodes': partitionNodes,
  'partition-api': partitionApi,
  'partition-one-way': partitionOneWay,
  'kill-syncthing': killSyncthing,
  'kill-node': killNode,
  'kill-introducer': killHelper('introducer'),
  'kill-resharer': killHelper('resharer'),
  'kill-deleter': killHelper('deleter'),
  'kill-nodewatcher': killHelper('nodewatcher'),
  'kill-controller': killController,
  'kill-kubelet': restartKubelet,
  'kill-kubelet-before-unstage': killKubeletBeforeUnstage,
  'api-server-gone': apiServerGone,
  'database-deleted-replica': databaseDeleted,
  'database-deleted-writer': databaseDeleted,
  'disk-full-replica': diskFull,
  'disk-full-writer': diskFull,
  'replica-wiped': replicaWiped,
  'replica-changed': replicaChanged,
  'many-small-files': manySmallFiles,
  'big-file-blocks': bigFileBlocks,
  'pod-killed': podKilled,
  'swap-nodes': swapNodes,
  drain,
  'lost-tainted-old-disk': nodeLost({ said: 'tainted', disk: 'old' }),
  'lost-tainted-empty-disk': nodeLost({ said: 'tainted', disk: 'empty' }),
  'lost-deleted-old-disk': nodeLost({ said: 'deleted', disk: 'old' }),
  'lost-deleted-empty-disk': nodeLost({ said: 'deleted', disk: 'empty' }),
  'lost-partitioned': lostPartitioned,
  'kubelet-dead': kubeletDead,
  'api-restored': apiRestored,
  'kill-scrubber': killScrubber,
};
