/** What planning has to know of each fault: when it may come, at which node it aims, how long it lasts. */
import type { FaultKind, Phase } from './fault-kind.ts';

/**
 * Which node a fault aims at, seen from the volume that it is about. `destination` is the node to which the volume
 * moves, `replica` a data node that does not write it.
 */
export type Aim = 'writer' | 'destination' | 'replica' | 'any';

/**
 * `moment`: there is nothing to heal. `span`: healed after a while. `until-moved`: somebody has said that the node is
 * gone for good, so it comes back only when the volumes have gone on elsewhere.
 */
export type Lasting =
  | { readonly kind: 'moment' }
  | { readonly kind: 'span'; readonly leastMs: number; readonly mostMs: number }
  | { readonly kind: 'until-moved' };

export interface FaultTraits {
  readonly aim: Aim;
  readonly phases: readonly Phase[];
  readonly lasting: Lasting;
  /** Only where no move comes after it in its round: the volumes may have to wait for a person then. */
  readonly isLast?: true;
  /** How many files, or bytes, or blocks come from the profile; it is no trouble by itself. */
  readonly isBurst?: true;
  /** A process that dies and is started again: may come together with any other fault. */
  readonly isKill?: true;
}

const MOMENT: Lasting = { kind: 'moment' };
const UNTIL_MOVED: Lasting = { kind: 'until-moved' };
const MOVING: readonly Phase[] = ['attach', 'writing', 'detach'];
const EVERYWHERE: readonly Phase[] = ['provision', 'attach', 'writing', 'detach', 'delete'];

function span(leastMs: number, mostMs: number): Lasting {
  return { kind: 'span', leastMs, mostMs };
}

function kill(aim: Aim, phases: readonly Phase[]): FaultTraits {
  return { aim, phases, lasting: MOMENT, isKill: true };
}

export const FAULT_TRAITS: Readonly<Record<FaultKind, FaultTraits>> = {
  'power-cut-writer': { aim: 'writer', phases: ['writing', 'detach'], lasting: span(2_000, 15_000) },
  'power-cut-data-node': { aim: 'replica', phases: EVERYWHERE, lasting: span(2_000, 15_000) },
  'power-cut-all': { aim: 'any', phases: MOVING, lasting: span(1_000, 5_000) },
  'partition-nodes': { aim: 'writer', phases: MOVING, lasting: span(5_000, 25_000) },
  'partition-api': { aim: 'writer', phases: EVERYWHERE, lasting: span(5_000, 25_000) },
  'partition-one-way': { aim: 'writer', phases: MOVING, lasting: span(5_000, 25_000) },
  'kill-syncthing': kill('any', EVERYWHERE),
  'kill-node': kill('any', EVERYWHERE),
  'kill-introducer': kill('any', ['provision', 'attach', 'detach']),
  'kill-resharer': kill('any', ['provision', 'attach', 'detach']),
  'kill-deleter': kill('any', ['detach', 'delete']),
  'kill-nodewatcher': kill('any', ['provision', 'attach', 'detach']),
  'kill-controller': kill('any', EVERYWHERE),
  'kill-kubelet': kill('writer', EVERYWHERE),
  'kill-kubelet-before-unstage': { aim: 'writer', phases: ['detach'], lasting: span(1_000, 10_000) },
  'api-server-gone': { aim: 'any', phases: EVERYWHERE, lasting: span(5_000, 60_000) },
  'database-deleted-replica': { aim: 'replica', phases: MOVING, lasting: MOMENT },
  'database-deleted-writer': { aim: 'writer', phases: MOVING, lasting: MOMENT },
  'disk-full-replica': { aim: 'replica', phases: MOVING, lasting: span(5_000, 20_000) },
  'disk-full-writer': { aim: 'writer', phases: ['writing', 'detach'], lasting: span(5_000, 20_000) },
  'replica-wiped': { aim: 'replica', phases: MOVING, lasting: MOMENT },
  'replica-changed': { aim: 'replica', phases: MOVING, lasting: MOMENT },
  'many-small-files': { aim: 'writer', phases: ['writing'], lasting: MOMENT, isBurst: true },
  'big-file-blocks': { aim: 'writer', phases: ['writing'], lasting: MOMENT, isBurst: true },
  'pod-killed': { aim: 'writer', phases: ['writing'], lasting: MOMENT },
  'swap-nodes': { aim: 'writer', phases: ['detach'], lasting: MOMENT },
  drain: { aim: 'writer', phases: ['writing', 'detach'], lasting: UNTIL_MOVED },
  'lost-tainted-old-disk': { aim: 'writer', phases: ['writing', 'detach'], lasting: UNTIL_MOVED },
  'lost-tainted-empty-disk': { aim: 'writer', phases: ['writing'], lasting: UNTIL_MOVED },
  'lost-deleted-old-disk': { aim: 'writer', phases: ['writing', 'detach'], lasting: UNTIL_MOVED },
  'lost-deleted-empty-disk': { aim: 'writer', phases: ['writing'], lasting: UNTIL_MOVED },
  'lost-partitioned': { aim: 'writer', phases: ['writing'], lasting: UNTIL_MOVED },
  'kubelet-dead': { aim: 'writer', phases: ['writing'], lasting: UNTIL_MOVED },
  'api-restored': { aim: 'any', phases: ['writing', 'detach'], lasting: MOMENT, isLast: true },
  'kill-scrubber': kill('any', MOVING),
};
