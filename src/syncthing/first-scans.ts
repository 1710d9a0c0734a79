import { MARKER_ALONE, type CallOptions, type FolderState, type SyncthingClient } from './client.ts';
import { SyncthingError } from './errors.ts';
import type { DaemonView } from './observe-daemon.ts';

/** An idle folder answers at once; one that is not idle is not asked. */
const BARRIER_TIMEOUT_MS = 2_000;

/**
 * Remembers for which folders the present process of the daemon has finished its first scan. Before
 * that, a folder's counts are what an earlier life left behind, and `idle` may mean "not begun".
 *
 * No answer of the API says it outright. Two signs together do: the last scan ended within the life
 * of the daemon, which a clock that was set can fake; and a scan of a part was answered, which the
 * daemon holds back until the first scan has ended, but which a first scan that failed lets pass.
 */
export class FirstScans {
  readonly #finishedIn = new Map<string, string>();

  /** Costs one call per folder and life of the daemon. `false` when it cannot tell, or not yet. */
  async finished(
    client: Pick<SyncthingClient, 'scan'>,
    daemon: DaemonView,
    folder: { readonly folderId: string; readonly state: FolderState },
    call: CallOptions,
  ): Promise<boolean> {
    const { folderId, state } = folder;
    if (this.#finishedIn.get(folderId) === daemon.startTime) {
      return true;
    }
    const likely = state === 'idle' && endedInThisLife(daemon, folderId);
    if (!likely || !(await barrier(client, folderId, call))) {
      return false;
    }
    this.#finishedIn.set(folderId, daemon.startTime);
    return true;
  }

  /** To be called when a folder is taken out of the daemon: one added again scans again. */
  forget(folderId: string): void {
    this.#finishedIn.delete(folderId);
  }
}

function endedInThisLife(daemon: DaemonView, folderId: string): boolean {
  const lastScan = daemon.lastScans.get(folderId);
  return lastScan !== undefined && Date.parse(daemon.startTime) <= lastScan && lastScan <= daemon.now;
}

async function barrier(
  client: Pick<SyncthingClient, 'scan'>,
  folderId: string,
  { signal }: CallOptions,
): Promise<boolean> {
  try {
    await client.scan(folderId, { signal, sub: MARKER_ALONE, timeoutMs: BARRIER_TIMEOUT_MS });
    return true;
  } catch (error) {
    if (SyncthingError.from(error).kind === 'aborted') {
      throw error;
    }
    return false;
  }
}
