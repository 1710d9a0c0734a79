/** Compares a tree with what has to be there, and may be there, after a session. */
import { type Acknowledged, floorOf, historiesOf, mayStand, type Version } from './history.ts';
import type { Session } from './session.ts';
import { ABSENT, isSame, isSameContent, type Tree, tellValue, type Value } from './value.ts';
import type { WrongKind, WrongPath } from './violation.ts';

export interface VerifyInput {
  /** The session from which the tree descends. */
  readonly before: Session;
  readonly acknowledged: Acknowledged;
  /** See Standing; false where it is left out. */
  readonly isWhole?: boolean | undefined;
  readonly found: Tree;
  /** All sessions of the volume: tells where foreign content comes from. */
  readonly sessions: readonly Session[];
}

/** The writer's own scratch files and Syncthing's: neither is anybody's data. */
function isScratch(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.endsWith('.part') || name.startsWith('.syncthing.') || name.startsWith('~syncthing~');
}

/** By what a write can be recognised wherever it stands; undefined for what looks the same from any hand. */
function fingerprint(value: Value): string | undefined {
  if (value.kind === 'file' && value.size > 0) return value.sha256;
  return value.kind === 'block' ? value.content : undefined;
}

/** Who wrote what, over all sessions. */
function authorsOf(sessions: readonly Session[]): ReadonlyMap<string, string> {
  const written = sessions.flatMap(({ name, ops }) =>
    ops.flatMap((op) => op.effects.map(({ value }) => [fingerprint(value) ?? '', name] as const)),
  );
  return new Map(written.filter(([print]) => print !== ''));
}

function classify(found: Value, versions: readonly Version[], floor: number, author?: string): WrongKind {
  if (found.kind === 'absent') return 'lost';
  if (versions.slice(0, floor).some(({ value }) => value.kind !== 'absent' && isSame(value, found)))
    return 'lost';
  const isKnown = versions.some(({ value }) => value.kind !== 'absent');
  const sameContent = versions.some(({ value }) => value.kind === found.kind && isSameContent(value, found));
  if (sameContent) return 'changed';
  if (author !== undefined) return 'mixed';
  return isKnown ? 'changed' : 'foreign';
}

interface Wrong {
  readonly path: string;
  readonly value: Value;
  readonly versions: readonly Version[];
}

function findWrong({ before, acknowledged, isWhole = false, found }: VerifyInput): readonly Wrong[] {
  const histories = historiesOf(before);
  const paths = new Set([...histories.keys(), ...found.keys()]);
  return [...paths].flatMap((path) => {
    const value = found.get(path) ?? ABSENT;
    const versions = histories.get(path) ?? [{ value: ABSENT }];
    const isFine = isScratch(path) || mayStand(value, versions, { acknowledged, isWhole });
    return isFine ? [] : [{ path, value, versions }];
  });
}

/** Every path at which something stands that must not stand there; none where all is well. */
export function verify(input: VerifyInput): readonly WrongPath[] {
  const wrong = findWrong(input);
  const authors = wrong.length === 0 ? new Map<string, string>() : authorsOf(input.sessions);
  return wrong.map(({ path, value, versions }) => {
    const floor = floorOf(versions, input.acknowledged);
    const author = authors.get(fingerprint(value) ?? '');
    const whose = author === undefined ? '' : `, written by ${author}`;
    return {
      kind: classify(value, versions, floor, author),
      path,
      expected: tellValue(versions[floor]?.value ?? ABSENT),
      found: `${tellValue(value)}${whose}`,
    };
  });
}

/** Where two copies of one volume differ. */
export function compareCopies(expected: Tree, found: Tree): readonly WrongPath[] {
  const asSession: Session = { name: 'another copy', node: '', startedAt: 0, tree: expected, ops: [] };
  return verify({ before: asSession, acknowledged: { kind: 'everything' }, found, sessions: [] });
}

export interface TreeSize {
  readonly files: number;
  readonly bytes: number;
}

export function sizeOf(tree: Tree): TreeSize {
  let files = 0;
  let bytes = 0;
  for (const value of tree.values()) {
    if (value.kind === 'file' || value.kind === 'large') bytes += value.size;
    if (value.kind === 'file' || value.kind === 'large' || value.kind === 'link') files += 1;
  }
  return { files, bytes };
}
