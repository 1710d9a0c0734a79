/** What the deleter may take away must not get a pod between its view of the mounts and its move (handoff rule 29). */
import type { NodeContext } from './context.ts';

type Context = Pick<NodeContext, 'mutex' | 'volumes' | 'node'>;

/**
 * Runs the pass with no new session in these folders. Whoever is about to mount one has done so when the pass begins,
 * or waits until it has ended; the pass must not ask for the mutex of one of them.
 */
export async function keepPodsOut<T>(
  { mutex, volumes }: Context,
  folderIds: ReadonlySet<string>,
  pass: () => Promise<T>,
): Promise<T> {
  try {
    for (const folderId of folderIds)
      await mutex.run(folderId, () => {
        volumes.record(folderId).isGoing = true;
        return Promise.resolve();
      });
    return await pass();
  } finally {
    for (const folderId of folderIds) {
      delete volumes.record(folderId).isGoing;
      volumes.changed(folderId);
    }
  }
}

/** Why no session may begin now, for people. To be asked under the volume's mutex, which is kept until the mount. */
export function goingReason({ volumes, node }: Omit<Context, 'mutex'>, folderId: string): string | undefined {
  return volumes.record(folderId).isGoing === true
    ? `the copy on ${node} is being removed, or is about to be`
    : undefined;
}
