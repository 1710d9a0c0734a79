/** What the deleter may take away must not get a pod between its view of the mounts and its move (handoff rule 29). */
import type { NodeContext } from './context.ts';
import { sleepUnless } from './sleep-unless.ts';

type Context = Pick<NodeContext, 'clock' | 'mutex' | 'volumes'>;

/** Rounds wait for this one, fences among them, and what holds a volume's mutex may be a long scan. */
const MUTEX_WAIT_MS = 1_000;

export interface Kept<T> {
  readonly result: T;
  /** Some folder was at work for too long: nothing of it is to go in this pass. */
  readonly isPartial: boolean;
}

/**
 * Runs the pass while no new session begins in those of the folders that are marked as going. Whoever was about to mount
 * one has done so by then, or waits until the pass has ended. Only the mark is kept, not the mutex.
 */
export async function keepPodsOut<T>(
  { clock, mutex, volumes }: Context,
  { folderIds, signal }: { readonly folderIds: ReadonlySet<string>; readonly signal: AbortSignal },
  pass: () => Promise<T>,
): Promise<Kept<T>> {
  const marked = new Set<string>();
  let isLate = false;
  async function mark(folderId: string): Promise<void> {
    await mutex.run(folderId, async () => {
      if (isLate) return;
      volumes.record(folderId).isGoing = true;
      marked.add(folderId);
    });
  }
  try {
    const woken = Promise.all([...folderIds].map(mark)).then(() => undefined);
    await sleepUnless(clock, MUTEX_WAIT_MS, { signal, woken });
    isLate = true;
    return { result: await pass(), isPartial: marked.size < folderIds.size };
  } finally {
    isLate = true;
    for (const folderId of marked) {
      delete volumes.record(folderId).isGoing;
      volumes.changed(folderId);
    }
  }
}

/** Why no session may begin now, for people. To be asked under the volume's mutex, which is kept until the mount. */
export function goingReason(
  { volumes, node }: Pick<NodeContext, 'volumes' | 'node'>,
  folderId: string,
): string | undefined {
  return volumes.record(folderId).isGoing === true
    ? `the copy on ${node} is being removed, or is about to be`
    : undefined;
}
