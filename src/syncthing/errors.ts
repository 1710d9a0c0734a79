/**
 * Why a call to Syncthing failed.
 *
 * - `unreachable`: no daemon answers at the address (not started, restarting, socket gone)
 * - `timeout`: the deadline of the call passed; the daemon may still be doing the work
 * - `unauthorized`: the API key is not the daemon's
 * - `not-found`: the folder, device or file is not known to the daemon, or the folder is paused
 * - `rejected`: the daemon refused, `message` carries its text
 * - `folder-error`: the folder itself is in error (marker or path missing, ...), `message` carries the text
 * - `malformed`: the answer is not what this client understands
 * - `aborted`: the caller's signal
 */
export type SyncthingErrorKind =
  | 'unreachable'
  | 'timeout'
  | 'unauthorized'
  | 'not-found'
  | 'rejected'
  | 'folder-error'
  | 'malformed'
  | 'aborted';

/** The one error that leaves the Syncthing edge. Holds neither the API key nor file contents. */
export class SyncthingError extends Error {
  override readonly name = 'SyncthingError';
  readonly kind: SyncthingErrorKind;

  constructor(kind: SyncthingErrorKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }

  /** Any value that was thrown, as a SyncthingError; one that already is stays the same object. */
  static from(thrown: unknown, doing = 'talking to Syncthing'): SyncthingError {
    if (thrown instanceof SyncthingError) {
      return thrown;
    }
    const text = thrown instanceof Error ? thrown.message : typeof thrown;
    return new SyncthingError(kindOf(thrown), `${doing}: ${text}`, { cause: thrown });
  }
}

const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTSOCK',
  'EACCES',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
]);

function kindOf(thrown: unknown): SyncthingErrorKind {
  if (!(thrown instanceof Error)) {
    return 'malformed';
  }
  if (thrown.name === 'TimeoutError') {
    return 'timeout';
  }
  if (thrown.name === 'AbortError') {
    return 'aborted';
  }
  const code = 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' && NETWORK_CODES.has(code) ? 'unreachable' : 'malformed';
}
