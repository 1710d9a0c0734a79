/**
 * One step at a time a volume on this node: what reads state.json and the mounts and then changes one of them must not
 * be interrupted by another such step. CSI calls have their own lock; this one is between them and the reconciler.
 */
export interface VolumeMutex {
  run<T>(folderId: string, step: () => Promise<T>): Promise<T>;
}

export function createVolumeMutex(): VolumeMutex {
  const last = new Map<string, Promise<unknown>>();
  return {
    async run(folderId, step) {
      const before = last.get(folderId) ?? Promise.resolve();
      const turn = before.then(step, step);
      last.set(folderId, turn);
      try {
        return await turn;
      } finally {
        if (last.get(folderId) === turn) last.delete(folderId);
      }
    },
  };
}
