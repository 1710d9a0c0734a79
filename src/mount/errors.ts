import { errnoOf } from '../runtime/errno.ts';

/** What can go wrong with a mount; a closed set. */
export type MountErrorKind =
  /** In use, or something else is mounted there. */
  | 'busy'
  /** Source or target does not exist. */
  | 'not-found'
  /** The directory under a mount point holds files, which a mount would hide. */
  | 'not-empty'
  | 'permission'
  | 'no-space'
  /** A path that does not lie where it has to, or is not written the plain way. */
  | 'invalid-path'
  | 'timeout'
  | 'cancelled'
  /** The command said OK, and mountinfo does not show it. */
  | 'not-verified'
  | 'failed';

export class MountError extends Error {
  override readonly name = 'MountError';
  readonly kind: MountErrorKind;

  constructor(kind: MountErrorKind, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.kind = kind;
  }

  /** Total: an errno of node:fs becomes a kind; `doing` says what was tried, for example `make /a/b`. */
  static from(thrown: unknown, doing: string): MountError {
    if (thrown instanceof MountError) return thrown;
    const message = thrown instanceof Error ? thrown.message : 'unknown error';
    return new MountError(kindOf(thrown), `cannot ${doing}: ${message}`, { cause: thrown });
  }
}

const kinds: Readonly<Record<string, MountErrorKind>> = {
  EBUSY: 'busy',
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  ENOTEMPTY: 'not-empty',
  EEXIST: 'not-empty',
  EACCES: 'permission',
  EPERM: 'permission',
  EROFS: 'permission',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
};

function kindOf(thrown: unknown): MountErrorKind {
  if (thrown instanceof Error && thrown.name === 'AbortError') return 'cancelled';
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return 'timeout';
  return kinds[errnoOf(thrown) ?? ''] ?? 'failed';
}
