/** What a person reads in `kubectl describe stvol`: whether the volume can be used, and what it waits for. */
import type { FailoverDecision } from '../handoff/failover.ts';
import type { FlushDecision } from '../handoff/flush.ts';
import { divergedReason, divergedReplica } from '../handoff/diverged.ts';
import type { GrantDecision } from '../handoff/grant.ts';
import { uncleanReason } from '../handoff/copy.ts';
import { importerOf } from '../handoff/importing.ts';
import { namesOf } from '../handoff/rights.ts';
import { sourceTrouble } from '../handoff/source-trouble.ts';
import { isAlive, isExpelled, mayHaveDisk, type VolumeView } from '../handoff/view.ts';
import type { Condition, ConditionStatus } from './object.ts';
import type { Member } from './peers.ts';
import { scrubbedVerdict } from './scrubbed-condition.ts';

export interface Decisions {
  readonly failover: FailoverDecision;
  readonly flush: FlushDecision;
  readonly grant: GrantDecision;
  readonly members: readonly Member[];
  /** A pod or a claim keeps the grant from being given, found live (handoff rule 2). */
  readonly liveObstacle?: string;
  readonly storageLabel: string;
}

type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;

function verdict(status: ConditionStatus, reason: string, message: string): Verdict {
  return { status, reason, message };
}

function failoverVerdict(view: VolumeView, failover: FailoverDecision): Verdict | undefined {
  const lost = view.volume.status.grant?.node ?? '';
  if (failover.kind === 'blocked') {
    const remedy = `bring back ${failover.bringBack.join(', ')} (gone for good: docs/operations.md, "The last resort")`;
    return verdict(
      'False',
      'Blocked',
      `node ${lost} is lost and no other copy holds all that was acknowledged: ${remedy}`,
    );
  }
  if (failover.kind !== 'fencing') return undefined;
  return verdict(
    'False',
    'Fencing',
    `node ${lost} is lost; waiting for ${failover.waitingFor.join(', ')} to shut it out`,
  );
}

/** Until the source of a failover has its files back, nobody is granted the volume, and nobody else is its source. */
function sourceVerdict(view: VolumeView): Verdict | undefined {
  const trouble = sourceTrouble(view);
  if (trouble === undefined) return undefined;
  const { node, reason, isLost } = trouble;
  const manual = 'docs/operations.md, "Start again from one copy"';
  const what = 'the files that the lost writer deleted last';
  if (!isLost)
    return verdict('False', 'Waiting', `${node} takes back ${what}: ${reason} (if it never can: ${manual})`);
  const remedy = `bring back ${node} with the disk that it had (gone for good: ${manual})`;
  const how = `the volume goes on from ${node}, which had not taken back ${what} yet and ${reason}`;
  return verdict('False', 'Blocked', `${how}: ${remedy}`);
}

/** Somebody has what he asked for, whoever else waits. */
function isInUse({ volume: { status } }: VolumeView): boolean {
  return status.grant !== undefined || status.readers.length + status.writers.length > 0;
}

function waitingVerdict(view: VolumeView, decisions: Decisions): Verdict | undefined {
  const ready = isInUse(view) ? 'True' : 'False';
  if (decisions.liveObstacle !== undefined) return verdict(ready, 'Waiting', decisions.liveObstacle);
  const { grant, flush } = decisions;
  // Beside other writers a flush keeps nobody from the volume.
  const isShared = view.volume.spec.access === 'eventual';
  if (flush.kind === 'wait') return verdict(isShared ? 'True' : 'False', 'Flushing', flush.reason);
  if (grant.kind !== 'wait') return undefined;
  const messages = grant.waiting.map(({ node, reason }) => `${node} waits: ${reason}`).join('; ');
  return verdict(ready, 'Waiting', messages);
}

/** The node that holds the volume came back with another disk: what it wrote is on the one it had (rule 25). */
function storeVerdict(view: VolumeView): Verdict | undefined {
  const { grant } = view.volume.status;
  const storeId = grant === undefined ? undefined : view.nodes.get(grant.node)?.status?.storeId;
  if (grant === undefined || storeId === undefined || storeId === '' || storeId === grant.storeId)
    return undefined;
  const remedy = `bring the old disk back, or give the volume up there with the taint node.kubernetes.io/out-of-service`;
  return verdict(
    'False',
    'StoreChanged',
    `node ${grant.node} has another disk than the one it wrote the volume on: ${remedy}`,
  );
}

/** Rule 4: who goes on from an API older than the data would give the same epoch twice. */
function restoredVerdict(view: VolumeView): Verdict | undefined {
  if (view.volume.spec.access === 'eventual') return undefined;
  const copy = divergedReplica(view);
  if (copy === undefined) return undefined;
  return verdict(
    'False',
    'Diverged',
    `${divergedReason(view, copy)}: the cluster's state is older than the data, nobody is granted the volume; choose a copy: docs/operations.md, "Start again from one copy"`,
  );
}

/** The node's own words say what it waits for: the directory that is not there, say. */
function importVerdict(view: VolumeView, { flush }: Decisions): Verdict | undefined {
  const importer = importerOf(view);
  if (importer === undefined) return undefined;
  const problem = view.replicas.get(importer)?.status?.message;
  const reason = problem ?? (flush.kind === 'wait' ? flush.reason : undefined);
  const what = `node ${importer} takes in the directory "${view.volume.spec.source?.directory}"`;
  return verdict('False', 'Importing', reason === undefined ? what : `${what}: ${reason}`);
}

/** With the nodes that still have a copy, and what keeps it there. */
function deletingVerdict({ replicas }: VolumeView): Verdict {
  const left = [...replicas.values()].filter(({ status }) => status?.removed !== true);
  const told = left.map(({ spec, status }) =>
    status?.message === undefined ? spec.node : `${spec.node} (${status.message})`,
  );
  const where = told.length === 0 ? '' : `, still on ${told.join(', ')}`;
  return verdict('False', 'Deleting', `the volume and its copies are being removed${where}`);
}

function readyVerdict(view: VolumeView, decisions: Decisions): Verdict {
  const { spec } = view.volume;
  if (spec.deletion !== undefined) return deletingVerdict(view);
  const failover = failoverVerdict(view, decisions.failover) ?? sourceVerdict(view);
  const sick = restoredVerdict(view) ?? failover ?? storeVerdict(view);
  const busy = sick ?? importVerdict(view, decisions) ?? waitingVerdict(view, decisions);
  if (busy !== undefined) return busy;
  if (!decisions.members.some((member) => member.isPlaced)) {
    return verdict(
      'False',
      'NoDataNode',
      `no node keeps copies: kubectl label node NAME ${decisions.storageLabel}=yes`,
    );
  }
  return useVerdict(view);
}

function useVerdict({ volume: { status } }: VolumeView): Verdict {
  if (status.writers.length > 0)
    return verdict('True', 'Shared', `written on ${namesOf(status.writers)}, each its own copy`);
  if (status.grant !== undefined)
    return verdict('True', 'Attached', `node ${status.grant.node} writes it since ${status.grant.since}`);
  if (status.readers.length > 0)
    return verdict(
      'True',
      'Reading',
      `it is read on ${namesOf(status.readers)}, and nobody writes it meanwhile`,
    );
  return verdict('True', 'Available', 'no node writes it');
}

function lagOf(view: VolumeView, member: Member): string | undefined {
  if (!isAlive(view, member.node)) return `${member.node} does not answer`;
  const reason = uncleanReason(member.replica?.status?.folder);
  return reason === undefined ? undefined : `${member.node}: ${reason}`;
}

function replicatedVerdict(view: VolumeView, decisions: Decisions): Verdict {
  const { status } = view.volume;
  const copies = decisions.members.filter(
    ({ role, node }) => role === 'data' && node !== status.grant?.node && !isExpelled(view, node),
  );
  const holders = status.grant === undefined ? status.base.holders : (status.proven?.holders ?? []);
  const behind = copies.flatMap((member) => {
    const lag = lagOf(view, member);
    if (lag !== undefined) return [lag];
    const isEmpty = status.grant === undefined && status.base.kind === 'empty';
    const holds = isEmpty || holders.some((holder) => holder.node === member.node);
    return holds ? [] : [`${member.node}: not proven yet`];
  });
  if (behind.length > 0) return verdict('False', 'CatchingUp', behind.join('; '));
  const placed = decisions.members.filter((member) => member.isPlaced).length;
  const wanted = view.volume.spec.replicas ?? 0;
  if (placed < wanted)
    return verdict(
      'False',
      'TooFewDataNodes',
      `${placed} of ${wanted} copies: kubectl label node NAME ${decisions.storageLabel}=yes`,
    );
  const names = copies.map((member) => member.node).join(', ');
  return verdict('True', 'InSync', names === '' ? 'there is no other copy to keep' : `held by ${names}`);
}

/** Copies with changes of a lost lineage: archiving under way, or done and waiting for somebody to look. */
function divergedVerdict(view: VolumeView): Verdict {
  const restored = restoredVerdict(view);
  if (restored !== undefined) return verdict('True', 'OlderThanData', restored.message);
  // Of a node whose resource somebody removed nothing is awaited; its copy rejoins all the same, if it ever comes back.
  const stale = [...view.nodes.keys()]
    .filter((node) => view.volume.status.stale.some((copy) => mayHaveDisk(view, node, copy)))
    .sort();
  const archives = [...view.replicas.values()].flatMap((replica) => {
    const { archive, earlier = [] } = replica.status?.rejoin ?? {};
    const paths = archive === undefined ? earlier : [...earlier, archive];
    return paths.map((path) => `${replica.spec.node}:${path}`);
  });
  if (stale.length > 0)
    return verdict(
      'True',
      'Rejoining',
      `${stale.join(', ')} may have changes of a lost lineage and archives them before it rejoins`,
    );
  if (archives.length > 0)
    return verdict(
      'True',
      'Archived',
      `changes that were never replicated are kept in ${archives.join(', ')}`,
    );
  return verdict('False', 'OneLineage', 'all copies descend from one writer at a time');
}

/** As the last flush found it: docs/limitations.md has what may be named here, and what to do about it. */
function carriedVerdict(view: VolumeView): Verdict {
  const [latest] = [...view.replicas.values()]
    .flatMap(({ spec, status }) =>
      status?.writer === undefined ? [] : [{ node: spec.node, ...status.writer }],
    )
    .filter(({ phase }) => phase !== 'untouched')
    .toSorted((one, other) => other.epoch - one.epoch || other.session - one.session);
  const paths = latest?.uncarried ?? [];
  if (latest === undefined || paths.length === 0)
    return verdict('True', 'Everything', 'nothing was found that other nodes do not get');
  const message = `${latest.node} has what other nodes do not get: ${paths.join(', ')}; see docs/limitations.md`;
  return verdict('False', 'NotCarried', message);
}

/** Files of which somebody has to say which version is right (handoff rule 37). */
function conflictedVerdict({ volume: { status } }: VolumeView): Verdict {
  const { count, names } = status.conflicts ?? { count: 0, names: [] };
  if (count === 0) return verdict('False', 'NoConflicts', 'no file was changed on two nodes at once');
  const more = count > names.length ? ` and ${count - names.length} more` : '';
  const remedy = 'look which version is right, and delete the others from a pod';
  return verdict('True', 'ConflictCopies', `${count} conflict copies: ${names.join(', ')}${more}; ${remedy}`);
}

/** Of the lineage and of what Syncthing does not carry there is nothing to say where everybody writes. */
function kindVerdicts(view: VolumeView): Readonly<Record<string, Verdict>> {
  if (view.volume.spec.access === 'eventual') return { Conflicted: conflictedVerdict(view) };
  return { Diverged: divergedVerdict(view), Carried: carriedVerdict(view) };
}

/** The transition time moves only when the status does, so that an unchanged view writes nothing. */
export function conditionsOf(view: VolumeView, decisions: Decisions): readonly Condition[] {
  const verdicts: Readonly<Record<string, Verdict>> = {
    Ready: readyVerdict(view, decisions),
    Replicated: replicatedVerdict(view, decisions),
    ...kindVerdicts(view),
    ...(view.settings.scrubIntervalMs > 0 && { Scrubbed: scrubbedVerdict(view, decisions.members) }),
  };
  return Object.entries(verdicts).map(([type, found]) => {
    const before = view.volume.status.conditions.find((condition) => condition.type === type);
    const isSame = before?.status === found.status;
    const lastTransitionTime = isSame ? before.lastTransitionTime : new Date(view.now).toISOString();
    return { type, ...found, lastTransitionTime };
  });
}
