/** What a path was in one session, version by version, and which of these versions may stand there afterwards. */
import { contentOf, sha256Of } from './content.ts';
import type { Op, Session } from './session.ts';
import { ABSENT, isSame, isSameContent, isWhollySame, TORN, type Value } from './value.ts';

/**
 * How much of a session the next one must find (docs/handoff.md, "acknowledged").
 * `everything`: its grant ended with proof, or the next session is of the same epoch on the same, unharmed disk.
 * `synced`: its disk lost its power, so what nobody synced may be gone; `before` is when.
 * `through`: its writer was lost; what was fsynced before `replicatedThrough` counts. Milliseconds since the epoch.
 */
export type Acknowledged =
  | { readonly kind: 'everything' }
  | { readonly kind: 'synced'; readonly before: number }
  | { readonly kind: 'through'; readonly at: number };

export interface Version {
  readonly value: Value;
  /** Absent for what the session found. */
  readonly op?: Op;
}

/** Every version of every path that the session found or touched, the oldest first. */
export function historiesOf(session: Session): ReadonlyMap<string, readonly Version[]> {
  const histories = new Map<string, Version[]>();
  for (const [path, value] of session.tree) histories.set(path, [{ value }]);
  for (const op of session.ops)
    for (const { path, value } of op.effects) {
      const versions = histories.get(path) ?? [{ value: ABSENT }];
      versions.push({ value, op });
      histories.set(path, versions);
    }
  return histories;
}

function isAcknowledged(op: Op, acknowledged: Acknowledged): boolean {
  if (acknowledged.kind === 'everything') return op.doneAt !== undefined;
  const limit = acknowledged.kind === 'synced' ? acknowledged.before : acknowledged.at;
  return op.syncedAt !== undefined && op.syncedAt < limit;
}

/** The index of the oldest version that may stand there: the last one that was acknowledged. */
export function floorOf(versions: readonly Version[], acknowledged: Acknowledged): number {
  const index = versions.findLastIndex(({ op }) => op !== undefined && isAcknowledged(op, acknowledged));
  return Math.max(index, 0);
}

/** A piece of it from its beginning on, which is what a write that was interrupted leaves. */
function isPrefix(found: Value, wanted: Value): boolean {
  if (found.kind !== 'file' || wanted.kind !== 'file' || found.size > wanted.size) return false;
  if (found.sha256 === wanted.sha256) return true;
  return wanted.content !== undefined && found.sha256 === sha256Of(contentOf(wanted.content, found.size));
}

/** What may be seen of a change that others can see half done. */
function isHalfDone(found: Value, wanted: Value): boolean {
  if (wanted.kind === 'block') return found.kind === 'block' && found.content === TORN;
  if (wanted.kind === 'large')
    return (found.kind === 'large' || found.kind === 'file') && found.size <= wanted.size;
  return isPrefix(found, wanted) || (found.kind === 'directory' && isSameContent(found, wanted));
}

/** The change may be there in part: it was not acknowledged, and either shows its middle or was cut off by a power cut. */
function mayBeHalfDone({ op }: Version, acknowledged: Acknowledged): boolean {
  if (op === undefined || isAcknowledged(op, acknowledged)) return false;
  return op.inPlace || acknowledged.kind === 'synced';
}

export interface Standing {
  readonly acknowledged: Acknowledged;
  /** It moved cleanly and was put back for a pod: what the driver carries has to be there as well. */
  readonly isWhole: boolean;
}

/** Whether `found` may stand where these versions were. */
export function mayStand(
  found: Value,
  versions: readonly Version[],
  { acknowledged, isWhole }: Standing,
): boolean {
  const allowed = versions.slice(floorOf(versions, acknowledged));
  // Of a change that was not finished one of two names may be gone, and the other is linked with none.
  const isRight = isWhole && allowed.length === 1 ? isWhollySame : isSame;
  if (allowed.some(({ value }) => isRight(found, value))) return true;
  return allowed.some((version) => mayBeHalfDone(version, acknowledged) && isHalfDone(found, version.value));
}
