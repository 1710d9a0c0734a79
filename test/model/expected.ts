/** Rows of the decisions' tables and faults of which a run of the model may leave none out. */
import type { OrderAction } from '../../src/controller/plan-volume.ts';
import type { DiskPhase, TakeGrant } from '../../src/handoff/disk-state.ts';
import type { FailoverDecision } from '../../src/handoff/failover.ts';
import type { FlushDecision } from '../../src/handoff/flush.ts';
import type { GrantDecision } from '../../src/handoff/grant.ts';
import type { LocalAction } from '../../src/handoff/local.ts';
import { NOTHING_TO_READ, type TakeReading } from '../../src/handoff/reading.ts';
import type { TakeWriting } from '../../src/handoff/writing.ts';
import type { Offer } from '../../src/handoff/session.ts';
import { TRANSITION_PAIRS } from './transition-pairs.ts';

/** One row a kind: the compiler says which one is missing. */
function rows<K extends string>(table: string, kinds: Readonly<Record<K, true>>): readonly string[] {
  return Object.keys(kinds).map((kind) => `${table}: ${kind}`);
}

const DECISIONS: readonly string[] = [
  // Those who have it beside others have tables of their own, and an import is a first session like any.
  ...rows<Exclude<LocalAction['kind'], 'end-reading' | 'decline-writing' | 'import'>>('local', {
    'see-epoch': true,
    scan: true,
    release: true,
    decline: true,
    'begin-rejoin': true,
    'archive-tree': true,
    'finish-rejoin': true,
    absorb: true,
    announce: true,
    'stop-announcing': true,
    'drop-versions': true,
    'take-back': true,
    recheck: true,
    'scan-shared': true,
  }),
  ...rows<FailoverDecision['kind']>('failover', {
    none: true,
    fencing: true,
    blocked: true,
    'fail-over': true,
  }),
  ...rows<FlushDecision['kind']>('flush', { 'not-flushing': true, enough: true, wait: true }),
  ...rows<Exclude<GrantDecision['kind'], 'admit' | 'share'>>('decision', {
    'nobody-asks': true,
    give: true,
    wait: true,
  }),
  ...rows<OrderAction['kind']>('order', { create: true, update: true, drop: true, bury: true }),
  ...rows<TakeGrant['kind']>('session', { begun: true, taken: true, refused: true }),
  ...rows<Offer['kind']>('offer', { offered: true, 'rejoin-first': true, none: true }),
  ...rows<Exclude<DiskPhase['kind'], 'writer'> | 'attached' | 'flushing'>('phase', {
    replica: true,
    taking: true,
    attached: true,
    flushing: true,
    released: true,
    untouched: true,
    rejoining: true,
  }),
];

/** A grant ends by its node's word, which leaves `taking`, or by a failover, which makes its copy rejoin. */
const NEVER: ReadonlySet<string> = new Set(['taking > taking']);

const OUTCOMES = [
  'coverage: by itself',
  'coverage: by another',
  'coverage: catching up',
  'coverage: blocked',
  'grant: given',
  'grant: handed off',
  'grant: failed over',
  'grant: untouched',
  'grant: no pod there',
  'proof: joined',
  'base: holder joined',
  'base: holder struck',
  'leave: begun',
  'leave: ended',
  'stale: ended',
  'fence: ordered',
  'deletion: finished',
  'controller: conflict',
  'scan: proves',
  'scan: proves nothing',
  'scan: cancelled',
  'absorb: reverts',
  'scan: overrides',
  ...TRANSITION_PAIRS.filter((pair) => !NEVER.has(pair)).map((pair) => `transition: ${pair}`),
  'absorb: announces',
  'absorb: tells its files',
  'absorb: gives up changes',
  'absorb: kept',
  'versions: dropped',
  'take-back: a file',
  'take-back: announces',
  'take-back: with writer type',
  'recheck: heals',
  'rejoin: finished',
  'rejoin: not in sync yet',
  'session: grant taken back',
  'mount: further session',
  'mount: after a failover',
  'introducer: put',
  'introducer: fence',
  'introducer: remove',
  'resharer: add',
  'resharer: put',
  'resharer: not clean',
  'resharer: take-out',
  'deleter: discard',
  'deleter: park',
  'condition: Ready False Blocked',
  'condition: Ready False Deleting',
  'condition: Ready False Diverged',
  'condition: Ready False Fencing',
  'condition: Ready False Flushing',
  'condition: Ready False NoDataNode',
  'condition: Ready False StoreChanged',
  'condition: Ready False Waiting',
  'condition: Ready True Attached',
  'condition: Ready True Available',
  'condition: Ready True Waiting',
  'condition: Replicated False CatchingUp',
  'condition: Replicated True InSync',
  'condition: Diverged True Archived',
  'condition: Diverged True Rejoining',
];

const FAULTS = [
  'power cut',
  'power back',
  'daemon killed',
  'driver killed',
  'kubelet dead',
  'call killed',
  'call lost-answer',
  'database lost, writer',
  'database lost, replica',
  'database rolled back',
  'index entry lost',
  'replica wiped',
  'empty disk',
  'disk full',
  'taint',
  'taint on a node that runs',
  'forceDetach',
  'node expelled',
  'silent for good',
  'Node object deleted',
  'label taken',
  'partition',
  'cut one way',
  'node without API',
  'API away',
  'API restored from a backup',
  'resource deleted',
  'resources vanished',
  'write after the fence',
].map((fault) => `fault: ${fault}`);

const SYNCTHING = ['syncthing: conflict', 'syncthing: local changes on a receiver'];

/** Of the stories with readers. */
export const EXPECTED_OF_READERS: readonly string[] = [
  ...rows<Extract<LocalAction['kind'], 'end-reading'>>('local', { 'end-reading': true }),
  ...rows<Extract<GrantDecision['kind'], 'admit'>>('decision', { admit: true }),
  ...rows<TakeReading['kind']>('reading', { taken: true, refused: true }),
  `call: ${NOTHING_TO_READ}`,
  'call: staged to read',
  'mount: reader',
  'mount: reader beside another',
  'reader: ended',
  'reader: lost',
  'readers: on every node',
  'condition: Ready True Reading',
  'condition: Ready True Waiting',
];

/** Of the stories of a volume that many write. */
export const EXPECTED_OF_SHARING: readonly string[] = [
  ...rows<Extract<LocalAction['kind'], 'decline-writing'>>('local', { 'decline-writing': true }),
  ...rows<Extract<GrantDecision['kind'], 'share'>>('decision', { share: true }),
  ...rows<TakeWriting['kind']>('writing', { taken: true, refused: true }),
  'flush: wait',
  'flush: enough',
  'writing: taken back',
  'writing: not switched yet',
  'call: staged to share',
  'mount: shared',
  'mount: shared beside another',
  'sharing: writer given',
  'sharing: writer ended',
  'sharing: writer lost',
  'sharing: writer is one again',
  'sharing: several writers',
  'sharing: ended with proof',
  'sharing: ended with its own copy',
  'sharing: conflict copy on a writer',
  'sharing: conflict copy on a receiver',
  'sharing: on every node',
  'base: holder joined',
  'base: holder struck',
  'absorb: announces',
  'local: announce',
  'leave: ended',
  'condition: Ready True Shared',
  'condition: Ready True Flushing',
  'condition: Ready True Waiting',
  'condition: Ready False Waiting',
  'fault: empty disk',
  'fault: partition',
];

export const EXPECTED: readonly string[] = [...DECISIONS, ...OUTCOMES, ...FAULTS, ...SYNCTHING];
