import { OwnerError } from '../runtime/data-dir-owner.ts';

/** What keeps a node from working with its own disk; a closed set. */
export type NodeErrorKind =
  /** The directory, or the node's resource, belongs to another instance of the driver. */
  | 'foreign-owner'
  /** A file of ours cannot be understood; nothing is guessed in its place. */
  | 'corrupt-state'
  /** Written by a newer version of the driver. */
  | 'newer-state'
  /** The bytes are there and what is known about them is not, or the other way round. */
  | 'inconsistent'
  | 'io';

export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly kind: NodeErrorKind;

  constructor(kind: NodeErrorKind, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.kind = kind;
  }

  /** Total; `doing` says what was tried and where, for example `read /a/b`. */
  static from(thrown: unknown, doing: string): NodeError {
    if (thrown instanceof NodeError) return thrown;
    if (thrown instanceof OwnerError) return new NodeError(thrown.kind, thrown.message, { cause: thrown });
    const message = thrown instanceof Error ? thrown.message : 'unknown error';
    return new NodeError('io', `cannot ${doing}: ${message}`, { cause: thrown });
  }
}

/** The thing is not there: the one errno that is an answer and not a failure. */
export function isMissing(thrown: unknown): boolean {
  return (
    thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
  );
}
