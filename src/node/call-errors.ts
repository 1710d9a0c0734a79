/** How failures of the edges are answered to the kubelet. */
import { CsiError, invalidArgument } from '../csi/errors.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { MountError } from '../mount/errors.ts';
import { checkTargetPath } from '../mount/target-path.ts';

/** A staging or target path, which has to lie in the kubelet's directory: INVALID_ARGUMENT otherwise. */
export function kubeletPath(field: string, kubeletDir: string, value: string): string {
  try {
    return checkTargetPath(kubeletDir, value);
  } catch (error) {
    if (error instanceof MountError) throw invalidArgument(field, error.message);
    throw error;
  }
}

/**
 * Once a node may have been granted a volume, whatever goes wrong is answered so that the kubelet comes again: after a
 * final code it never calls NodeUnstage, and the grant would stay for ever (handoff rule 13).
 */
export async function retryable<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw asRetryable(doing, thrown);
  }
}

/** The same of what was thrown already. */
export function asRetryable(doing: string, thrown: unknown): CsiError {
  const error = CsiError.from(thrown);
  return RETRYABLE.has(error.kind)
    ? error
    : new CsiError('unavailable', `${doing}: ${readable(thrown)}`, { cause: thrown });
}

const RETRYABLE: ReadonlySet<string> = new Set(['unavailable', 'aborted', 'deadline-exceeded', 'cancelled']);

/** Errors of our own edges are written for people; anything else is for the log alone. */
function readable(thrown: unknown): string {
  const isOurs = thrown instanceof Error && 'kind' in thrown;
  return isOurs ? thrown.message : 'unexpected error, see the log of the driver on this node';
}

/** The API server's answer to a live read, where only "it is not there" says something about the volume. */
export function apiFailure(doing: string, thrown: unknown): CsiError {
  if (isKubernetesError(thrown, 'not-found')) return new CsiError('not-found', `${doing}: it does not exist`);
  const message = thrown instanceof Error ? thrown.message : 'no answer';
  return new CsiError('unavailable', `${doing}: ${message}; the call will be repeated`, { cause: thrown });
}
