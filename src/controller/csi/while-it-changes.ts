import { CsiError } from '../../csi/errors.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import { apiFailure } from './api-failure.ts';

/** So often the volume may change between the look and the write, as it does whenever its status moves. */
const TRIES = 5;

export interface Attempted {
  readonly volumeId: string;
  /** For the message: what the API server was asked for. */
  readonly doing: string;
}

/** Again with what is there now, where `attempt` rejected with `conflict`; ABORTED where that does not end. */
export async function whileItChanges<T>(
  { volumeId, doing }: Attempted,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; tries < TRIES; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isKubernetesError(error, 'conflict')) throw apiFailure(doing, error);
    }
  }
  throw new CsiError('aborted', `volume ${volumeId} changes all the time, the call will be repeated`);
}
