import { status } from '@grpc/grpc-js';
import type { CsiErrorKind } from './errors.ts';
import { CsiError } from './errors.ts';

/** The one place where an error becomes a gRPC code. */
const codes = {
  'invalid-argument': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  'permission-denied': status.PERMISSION_DENIED,
  unauthenticated: status.UNAUTHENTICATED,
  'resource-exhausted': status.RESOURCE_EXHAUSTED,
  'failed-precondition': status.FAILED_PRECONDITION,
  aborted: status.ABORTED,
  'out-of-range': status.OUT_OF_RANGE,
  unimplemented: status.UNIMPLEMENTED,
  unavailable: status.UNAVAILABLE,
  'deadline-exceeded': status.DEADLINE_EXCEEDED,
  cancelled: status.CANCELLED,
  internal: status.INTERNAL,
} as const satisfies Record<CsiErrorKind, status>;

/** Nothing but a code and a message: CSI requires `status.details` to be empty, and a stack is nobody's business. */
export interface Status {
  readonly code: status;
  readonly details: string;
}

/** grpc-js calls the message `details`; the `details` of google.rpc.Status would be metadata, and there is none. */
export function toStatus(thrown: unknown): Status {
  const error = CsiError.from(thrown);
  return { code: codes[error.kind], details: error.message };
}

/** The name of the code as a label of metrics and logs: `OK`, `INVALID_ARGUMENT`, … */
export function statusName(code: status): string {
  return status[code];
}
