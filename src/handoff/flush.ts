/** From scan to base: joining the halves that the nodes report, and ending a grant (handoff rules 18 to 23). */
import type { SyncthingReplica, WriterReport } from '../desired/replica.ts';
import type { Base, Grant, Holder, Proof } from '../desired/volume.ts';
import { countsOn, isSameIndex } from './copy.ts';
import { isProven } from './proof.ts';
import { countsAsCopy, hasCurrentStore, isExpelled, type VolumeView } from './view.ts';

export type WriterScan = NonNullable<WriterReport['scan']>;

export function holderOf(replica: SyncthingReplica): Holder {
  return {
    node: replica.spec.node,
    storeId: replica.status?.storeId ?? '',
    sequence: replica.status?.folder?.sequence ?? 0,
    ...indexOf(replica),
  };
}

function indexOf({ status }: SyncthingReplica): Pick<Holder, 'index'> {
  const index = status?.folder?.index;
  return index === undefined ? {} : { index };
}

export interface Writer {
  readonly replica: SyncthingReplica;
  readonly report: WriterReport;
}

/** The grant's own node, as it reports on this very grant and disk; an expelled node's word counts for nothing (rule 2). */
function writerOf(view: VolumeView, grant: Grant): Writer | undefined {
  if (isExpelled(view, grant.node)) return undefined;
  const replica = view.replicas.get(grant.node);
  const report = replica?.status?.writer;
  if (replica === undefined || report === undefined || report.epoch !== grant.epoch) return undefined;
  return replica.status?.storeId === grant.storeId && hasCurrentStore(view, replica)
    ? { replica, report }
    : undefined;
}

/** A scan is of use only in the epoch and session in which it was made. */
export function scanOf(writer: Writer): WriterScan | undefined {
  const { scan, epoch, session } = writer.report;
  return scan !== undefined && scan.epoch === epoch && scan.session === session ? scan : undefined;
}

function provenCopies(view: VolumeView, writer: Writer, sequence: number): readonly SyncthingReplica[] {
  return [...view.replicas.values()].filter(
    (copy) => countsAsCopy(view, copy) && isProven(writer.replica, sequence, copy),
  );
}

/**
 * The same sequence of the same database: one that is rebuilt after a loss may come to that very number with other
 * files (rule 16).
 */
function isOfScan(proof: Proof | undefined, scan: WriterScan, { replica }: Writer): proof is Proof {
  if (proof?.epoch !== scan.epoch || proof.session !== scan.session || proof.sequence !== scan.sequence)
    return false;
  const own = holderOf(replica);
  return proof.holders.every(
    (holder) => holder.node !== own.node || holder.storeId !== own.storeId || isSameIndex(holder, own),
  );
}

/**
 * A sequence that fell is a database rolled back, and all is to be proven anew (rule 16); it is told from an old report
 * by its scan having begun later.
 */
function isOlder(scan: WriterScan, proven: Proof | undefined): boolean {
  if (proven === undefined || proven.epoch !== scan.epoch) return false;
  if (scan.session !== proven.session) return scan.session < proven.session;
  return scan.sequence < proven.sequence && Date.parse(scan.startedAt) <= Date.parse(proven.scanStartedAt);
}

/** The proof of one scan keeps every copy that was once proven to hold it, also where that copy has newer needs now. */
function mergeHolders(known: readonly Holder[], found: readonly Holder[]): readonly Holder[] {
  const added = found.filter(
    (holder) =>
      !known.some((k) => k.node === holder.node && k.storeId === holder.storeId && countsOn(k, holder)),
  );
  const kept = known.filter((holder) => !added.some((other) => other.node === holder.node));
  return [...kept, ...added].sort((a, b) => (a.node < b.node ? -1 : 1));
}

/**
 * The proof that the present reports allow, or the one there is. A scan that only its own writer holds is no proof:
 * it must not replace one that another copy could take over from.
 */
export function joinProof(view: VolumeView): Proof | undefined {
  const { grant, proven } = view.volume.status;
  const writer = grant === undefined ? undefined : writerOf(view, grant);
  const scan = writer === undefined ? undefined : scanOf(writer);
  if (writer === undefined || scan === undefined || isOlder(scan, proven)) return proven;
  const copies = provenCopies(view, writer, scan.sequence);
  if (copies.length === 0) return proven;
  const found = [writer.replica, ...copies].map(holderOf);
  if (!isOfScan(proven, scan, writer)) return { ...scanPart(scan), holders: mergeHolders([], found) };
  // The report of a session that has ended does not say any more when its scan did.
  return { ...proven, holders: mergeHolders(proven.holders, found) };
}

export type FlushDecision =
  | { readonly kind: 'not-flushing' }
  | { readonly kind: 'enough'; readonly proof: Proof }
  /** `recheckAfterMs`: when waiting alone changes the answer. */
  | { readonly kind: 'wait'; readonly reason: string; readonly recheckAfterMs?: number };

/** Another data node that is wanted as a copy, so that the writer's own is not enough at once. */
function otherDataCopies(view: VolumeView, node: string): readonly SyncthingReplica[] {
  return [...view.replicas.values()].filter(
    (copy) => copy.spec.role === 'data' && copy.spec.node !== node && copy.spec.removal === undefined,
  );
}

/** Where no other data node has it: whether the writer's own copy is to do, now or after a while (rule 23). */
export function ownCopyDecision(view: VolumeView, writer: Writer, proof: Proof): FlushDecision {
  const node = writer.replica.spec.node;
  const others = otherDataCopies(view, node);
  const names = others.map((copy) => copy.spec.node).join(', ');
  if (writer.replica.spec.role !== 'data') {
    const where =
      others.length === 0 ? 'there is no data node to copy to: label one' : `waiting for ${names}`;
    return { kind: 'wait', reason: `${node} has changes that no data node holds yet: ${where}` };
  }
  if (others.length === 0) return { kind: 'enough', proof };
  const left = Date.parse(writer.report.since) + view.settings.ownCopyAfterMs - view.now;
  if (left <= 0) return { kind: 'enough', proof };
  return {
    kind: 'wait',
    reason: `${node} has changes that ${names} does not hold yet`,
    recheckAfterMs: left,
  };
}

/** The proof of exactly this scan where copies hold it, else the writer's own copy of it. */
function proofOfScan(writer: Writer, scan: WriterScan, proven: Proof | undefined): Proof {
  if (isOfScan(proven, scan, writer)) return proven;
  return { ...scanPart(scan), holders: [holderOf(writer.replica)] };
}

function scanPart({ epoch, session, sequence, startedAt, finishedAt }: WriterScan): Omit<Proof, 'holders'> {
  const end = finishedAt === undefined ? {} : { scanFinishedAt: finishedAt };
  return { epoch, session, sequence, scanStartedAt: startedAt, ...end };
}

/**
 * Whether enough copies hold the scan that was begun after the last unmount (rule 23). `proven` is the outcome of
 * joinProof: what the volume's status says once this reconciliation is written.
 */
export function decideFlush(view: VolumeView, proven: Proof | undefined): FlushDecision {
  const { grant } = view.volume.status;
  const writer = grant === undefined ? undefined : writerOf(view, grant);
  if (writer === undefined || writer.report.phase !== 'flushing') return { kind: 'not-flushing' };
  const scan = scanOf(writer);
  if (scan === undefined || !scan.afterUnmount) {
    return {
      kind: 'wait',
      reason: `${writer.replica.spec.node} has not finished its scan after the last unmount`,
    };
  }
  const proof = proofOfScan(writer, scan, proven);
  const isElsewhere = proof.holders.some((holder) => isDataHolder(view, holder, writer.replica.spec.node));
  return isElsewhere ? { kind: 'enough', proof } : ownCopyDecision(view, writer, proof);
}

function isDataHolder(view: VolumeView, holder: Holder, writer: string): boolean {
  const replica = view.replicas.get(holder.node);
  return (
    holder.node !== writer && replica?.spec.role === 'data' && replica.status?.storeId === holder.storeId
  );
}

export type GrantEnd =
  | { readonly kind: 'goes-on' }
  | { readonly kind: 'untouched' }
  | { readonly kind: 'handed-off'; readonly base: Base };

/**
 * The grant ends when its node reports that it fsynced `released` for its scan (rule 22), which it does only on the
 * controller's word that the scan is held by enough copies; `untouched` leaves the base as it was (rule 5).
 */
export function grantEnd(view: VolumeView): GrantEnd {
  const { grant, proven } = view.volume.status;
  const writer = grant === undefined ? undefined : writerOf(view, grant);
  if (writer?.report.phase === 'untouched') return { kind: 'untouched' };
  const scan = writer?.report.phase === 'released' ? scanOf(writer) : undefined;
  if (writer === undefined || scan === undefined) return { kind: 'goes-on' };
  const { epoch, session, holders } = proofOfScan(writer, scan, proven);
  return { kind: 'handed-off', base: { kind: 'handoff', epoch, session, holders } };
}
