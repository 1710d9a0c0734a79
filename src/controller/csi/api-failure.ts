import { CsiError, type CsiErrorKind } from '../../csi/errors.ts';
import { KubernetesError, type KubernetesErrorKind } from '../../kubernetes/errors.ts';

/** What the caller does about it: come again at once, come again later, or tell a person. */
const kinds: Readonly<Record<KubernetesErrorKind, CsiErrorKind>> = {
  conflict: 'aborted',
  'already-exists': 'aborted',
  'not-found': 'not-found',
  forbidden: 'internal',
  invalid: 'internal',
  gone: 'unavailable',
  unreachable: 'unavailable',
  timeout: 'unavailable',
  'too-many-requests': 'unavailable',
  aborted: 'cancelled',
  unexpected: 'internal',
};

/** A failure of the API server as the answer to a CSI call; `doing` names what for. Other errors pass through. */
export function apiFailure(doing: string, thrown: unknown): unknown {
  if (!(thrown instanceof KubernetesError)) return thrown;
  return new CsiError(kinds[thrown.kind], `cannot ${doing}: ${thrown.message}`, { cause: thrown });
}
