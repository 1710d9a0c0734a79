/**
 * Why a CSI call is not answered with OK. A closed set: src/csi/status.ts maps each to one gRPC code (CSI 1.12,
 * "Error Scheme"), and nothing else in the program names a gRPC code.
 */
export type CsiErrorKind =
  | 'invalid-argument'
  | 'not-found'
  | 'already-exists'
  | 'permission-denied'
  | 'unauthenticated'
  | 'resource-exhausted'
  | 'failed-precondition'
  | 'aborted'
  | 'out-of-range'
  | 'unimplemented'
  | 'unavailable'
  | 'deadline-exceeded'
  | 'cancelled'
  | 'internal';

/**
 * The message is read by a person in `kubectl describe`: what is wrong, where, what to do. It goes over the wire as it
 * is, so it holds no secret; what went wrong underneath is the `cause`, which is logged and never sent.
 */
export class CsiError extends Error {
  override readonly name = 'CsiError';
  readonly kind: CsiErrorKind;

  constructor(kind: CsiErrorKind, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.kind = kind;
  }

  /** Total: anything thrown becomes a CsiError. What is not one already is unexpected, and only its cause tells why. */
  static from(thrown: unknown): CsiError {
    if (thrown instanceof CsiError) return thrown;
    if (isTimeout(thrown))
      return new CsiError('deadline-exceeded', 'the deadline of the call passed', { cause: thrown });
    if (isAbort(thrown)) return new CsiError('cancelled', 'the call was cancelled', { cause: thrown });
    return new CsiError('internal', 'unexpected error, see the log of the driver', { cause: thrown });
  }
}

export function invalidArgument(field: string, complaint: string): CsiError {
  return new CsiError('invalid-argument', `${field}: ${complaint}`);
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'TimeoutError';
}
