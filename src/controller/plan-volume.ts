/** One reconciliation of one volume as a list of what to do; carrying it out is apply-volume.ts. */
import { conditionsOf } from '../desired/conditions.ts';
import { membersOf } from '../desired/members.ts';
import { orderOf } from '../desired/orders.ts';
import { stepRecheckMs } from '../desired/out-of-step.ts';
import { typeRecheckMs, type Member } from '../desired/peers.ts';
import { withWriters } from '../desired/shared-status.ts';
import type { SyncthingReplica, SyncthingReplicaSpec } from '../desired/replica.ts';
import { nextStatus, withStatus } from '../desired/volume-status.ts';
import type { OnDelete, SyncthingVolumeStatus } from '../desired/volume.ts';
import { decideFlush } from '../handoff/flush.ts';
import { decideGrant, requestsFor, type GrantDecision } from '../handoff/grant.ts';
import { lossRecheckAfterMs } from '../handoff/lost-writer.ts';
import { publishedNodes } from '../handoff/published.ts';
import { isReader } from '../handoff/readers.ts';
import { withRights } from '../handoff/rights.ts';
import { decideSharedFlushes } from '../handoff/shared-flush.ts';
import { hearingLeftMs } from '../handoff/survivors.ts';
import { isAlive, type VolumeView } from '../handoff/view.ts';
import { isWriter } from '../handoff/writers.ts';
import { isEqual } from './is-equal.ts';

export interface PlanInput {
  readonly view: VolumeView;
  readonly placed: ReadonlySet<string>;
  readonly storageLabel: string;
  /** What a live look found to be in the way of what the last plan proposed. */
  readonly liveObstacle?: string;
}

/** The grant, or those who may have the volume beside others, that may come next. */
export type Proposal = Extract<GrantDecision, { kind: 'give' | 'admit' | 'share' }>;

export interface StatusPlan {
  readonly status: SyncthingVolumeStatus;
  /** To be put into the status after the live checks, by compare-and-swap (handoff rules 2 and 3). */
  readonly propose?: Proposal;
  readonly failedOver: boolean;
  /** Copies for whose sake a holder goes from the base: to be read live before it is written (handoff rule 24). */
  readonly witnesses: readonly SyncthingReplica[];
  /** Milliseconds after which time alone changes the answer. */
  readonly recheckAfterMs?: number;
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const given = times.filter((time) => time !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

/** The status that the reports call for, with what may be given on top of it. */
export function planStatus(input: PlanInput): StatusPlan {
  const { view, placed } = input;
  const members = membersOf(view, placed);
  const { status, failover, witnesses } = nextStatus(view, members);
  const now = withStatus(view, status);
  const grant = decideGrant(now);
  const isShared = view.volume.spec.access === 'eventual';
  const flush = isShared ? decideSharedFlushes(now) : decideFlush(now, status.proven);
  const { liveObstacle, storageLabel } = input;
  const decisions = { failover, flush, grant, members, storageLabel };
  const conditions = conditionsOf(
    now,
    liveObstacle === undefined ? decisions : { ...decisions, liveObstacle },
  );
  const recheckAfterMs = earliest([
    flush.kind === 'wait' ? flush.recheckAfterMs : undefined,
    typeRecheckMs(now),
    stepRecheckMs(now),
    lossRecheckAfterMs(now),
    hearingLeftMs(now),
  ]);
  return {
    status: { ...status, conditions },
    failedOver: failover.kind === 'fail-over',
    witnesses,
    ...(grant.kind === 'nobody-asks' || grant.kind === 'wait' ? {} : { propose: grant }),
    ...(recheckAfterMs === undefined ? {} : { recheckAfterMs }),
  };
}

function withProposal(status: SyncthingVolumeStatus, proposal: Proposal): SyncthingVolumeStatus {
  if (proposal.kind === 'give') return { ...status, epoch: proposal.grant.epoch, grant: proposal.grant };
  const admitted = { ...status, readers: withRights(status.readers, proposal.readers) };
  if (proposal.kind === 'admit') return admitted;
  return withWriters(admitted, withRights(status.writers, proposal.writers));
}

/** The status with what was proposed on top, its conditions told from there. */
export function grantedStatus(
  input: PlanInput,
  status: SyncthingVolumeStatus,
  proposal: Proposal,
): SyncthingVolumeStatus {
  const view = withStatus(input.view, withProposal(status, proposal));
  return planStatus({ ...input, view }).status;
}

export type OrderAction =
  | { readonly kind: 'create'; readonly spec: SyncthingReplicaSpec }
  | { readonly kind: 'update'; readonly replica: SyncthingReplica; readonly spec: SyncthingReplicaSpec }
  /** The copy reported itself removed, or never was more than an order. */
  | { readonly kind: 'drop'; readonly replica: SyncthingReplica }
  /** The node does not answer and the volume is being deleted: its copy is left to a tombstone (rule 33). */
  | {
      readonly kind: 'bury';
      readonly replica: SyncthingReplica;
      readonly storeId: string;
      readonly onDelete: OnDelete;
    };

function isUnused(view: VolumeView, member: Member): boolean {
  const { grant } = view.volume.status;
  const isAttached = publishedNodes(view).includes(member.node);
  const hasRight = isReader(view, member.node) || isWriter(view, member.node);
  const isUsed = grant?.node === member.node || hasRight || isAttached;
  return member.role === 'client' && member.replica?.status === undefined && !isUsed;
}

function deletionAction(view: VolumeView, replica: SyncthingReplica): OrderAction | undefined {
  if (replica.status?.removed === true) return { kind: 'drop', replica };
  if (isAlive(view, replica.spec.node)) return undefined;
  const storeId = replica.status?.storeId ?? view.nodes.get(replica.spec.node)?.status?.storeId ?? '';
  const { onDelete } = view.volume.spec;
  return storeId === '' ? { kind: 'drop', replica } : { kind: 'bury', replica, storeId, onDelete };
}

function goingAction(view: VolumeView, member: Member, asking: boolean): OrderAction | undefined {
  const { replica } = member;
  if (replica === undefined) return undefined;
  if (view.volume.spec.deletion !== undefined) return deletionAction(view, replica);
  if (replica.spec.removal === 'leave' && replica.status?.removed === true) return { kind: 'drop', replica };
  return isUnused(view, member) && !asking ? { kind: 'drop', replica } : undefined;
}

/** The status differs from the one that stands in more than the order of keys. */
export function isStatusChanged(view: VolumeView, status: SyncthingVolumeStatus): boolean {
  return !isEqual(view.volume.status, status);
}

function orderAction(view: VolumeView, member: Member, members: readonly Member[]): OrderAction | undefined {
  const asking = requestsFor(view).some(({ node }) => node.name === member.node);
  const going = goingAction(view, member, asking);
  if (going !== undefined) return going;
  const { replica } = member;
  const spec = orderOf(view, member, members);
  if (replica !== undefined)
    return isEqual(replica.spec, spec) ? undefined : { kind: 'update', replica, spec };
  return view.volume.spec.deletion === undefined ? { kind: 'create', spec } : undefined;
}

/** The orders that follow from the status that stands; `view` carries that status. */
export function planOrders(input: Pick<PlanInput, 'view' | 'placed'>): readonly OrderAction[] {
  const members = membersOf(input.view, input.placed);
  return members.flatMap((member) => orderAction(input.view, member, members) ?? []);
}

/** A deleted volume's resource goes when none of its copies has an order left (handoff rule 33). */
export function isGone(view: VolumeView): boolean {
  return view.volume.spec.deletion !== undefined && view.replicas.size === 0;
}
