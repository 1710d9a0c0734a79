/** Why a cluster command cannot go on. */
export type ClusterErrorKind =
  | 'bad-option'
  | 'owned-elsewhere'
  | 'not-up'
  | 'unknown-machine'
  | 'not-ready'
  | 'left-over';

/** A failure of the local cluster; the message names the machine or step, where to look, and what to do. */
export class ClusterError extends Error {
  readonly kind: ClusterErrorKind;

  constructor(kind: ClusterErrorKind, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = 'ClusterError';
    this.kind = kind;
  }
}
