/** What one life of a writer found, did and knows to be on its disk. */
import type { Tree, Value } from './value.ts';

export interface Effect {
  readonly path: string;
  readonly value: Value;
}

/** One change of a tree. Without `doneAt` it was begun and its end was not seen; times are milliseconds since the epoch. */
export interface Op {
  readonly seq: number;
  readonly begunAt: number;
  readonly doneAt?: number;
  /** When an fsync of all it touched had returned. */
  readonly syncedAt?: number;
  /** Seen half done by others: written where it stands, not renamed into its place. */
  readonly inPlace: boolean;
  readonly effects: readonly Effect[];
}

export interface Session {
  /** Unique in a run: the pod's name and which start of its container it is. */
  readonly name: string;
  readonly node: string;
  /** When it began to read the tree. */
  readonly startedAt: number;
  /** The whole volume as it found it, before its first change. */
  readonly tree: Tree;
  readonly ops: readonly Op[];
}
