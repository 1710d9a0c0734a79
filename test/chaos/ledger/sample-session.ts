/** Sessions for tests, in as few words as they need. */
import { digestOf } from './content.ts';
import type { Effect, Op, Session } from './session.ts';
import { ABSENT, type Value } from './value.ts';

export function sampleFile(content: string, size = 1_000): Extract<Value, { kind: 'file' }> {
  const sha256 = digestOf(content, size);
  return { kind: 'file', sha256, size, mtimeNs: '1000000000', content, mode: 0o644, uid: 0, gid: 0 };
}

/** The first bytes of a file's content, with attributes of its own. */
export function samplePiece(content: string, size: number): Value {
  const { content: _content, ...piece } = sampleFile(content, size);
  return { ...piece, mode: 0o600, mtimeNs: '2000000000' };
}

export interface SampleOp {
  readonly path: string;
  readonly value?: Value;
  /** Milliseconds; undefined: it never happened. */
  readonly done?: number;
  readonly synced?: number;
  readonly inPlace?: boolean;
}

function sampleOp({ path, value, done, synced, inPlace }: SampleOp, index: number): Op {
  const effects: readonly Effect[] = [{ path, value: value ?? ABSENT }];
  return {
    seq: index + 1,
    begunAt: 0,
    inPlace: inPlace ?? false,
    effects,
    ...(done === undefined ? {} : { doneAt: done }),
    ...(synced === undefined ? {} : { syncedAt: synced }),
  };
}

export function sampleSession(
  tree: Readonly<Record<string, Value>>,
  ops: readonly SampleOp[],
  facts: Partial<Pick<Session, 'name' | 'node' | 'startedAt'>> = {},
): Session {
  return {
    name: 'writer.0',
    node: 'node1',
    startedAt: 0,
    ...facts,
    tree: new Map(Object.entries(tree)),
    ops: ops.map(sampleOp),
  };
}
