import type { FolderReport, ReplicaPeer } from '../desired/replica.ts';
import type { Clock } from '../runtime/clock.ts';
import { FirstScans } from '../syncthing/first-scans.ts';
import { observeDaemon, type DaemonView } from '../syncthing/observe-daemon.ts';
import { observeFolder } from '../syncthing/observe-folder.ts';
import type { IndexMark } from './index-mark.ts';

export type Observation =
  /** The daemon answered; without a report it does not have the folder. */
  | { readonly kind: 'observed'; readonly report?: FolderReport }
  /** It did not: nothing follows from what is not seen. */
  | { readonly kind: 'unseen'; readonly error: unknown };

export interface Looked {
  readonly folderId: string;
  readonly peers: readonly ReplicaPeer[];
}

export interface FolderObserver {
  observe(folder: Looked, signal: AbortSignal): Promise<Observation>;
}

/** What all folders have in common is read once for those that are looked at together. */
const DAEMON_VIEW_MS = 500;

type Client = Parameters<typeof observeDaemon>[0] & Parameters<typeof observeFolder>[0];

export function createFolderObserver(client: Client, clock: Clock, mark: IndexMark): FolderObserver {
  const firstScans = new FirstScans();
  let daemon: { readonly at: number; readonly view: Promise<DaemonView> } | undefined;
  function daemonView(signal: AbortSignal): Promise<DaemonView> {
    const now = clock.now();
    if (daemon === undefined || now - daemon.at > DAEMON_VIEW_MS) {
      daemon = { at: now, view: observeDaemon(client, clock, { signal }) };
    }
    return daemon.view;
  }
  async function look({ folderId, peers }: Looked, signal: AbortSignal): Promise<FolderLook> {
    const view = await daemonView(signal);
    return {
      view,
      report: await observeFolder(client, { folderId, peers, daemon: view, firstScans }, { signal }),
    };
  }
  /** An idle folder without a scan in a view that may be older than its scan is worth a new view. */
  async function lookUpToDate(folder: Looked, signal: AbortSignal): Promise<FolderLook> {
    const begun = clock.now();
    const found = await look(folder, signal);
    if (found.report?.state !== 'idle' || found.report.scanned || found.view.now >= begun) return found;
    daemon = undefined;
    return look(folder, signal);
  }
  return {
    async observe(folder, signal) {
      try {
        const { report, view } = await lookUpToDate(folder, signal);
        const index = await mark.of(view.startTime);
        if (report === undefined) return { kind: 'observed' };
        return { kind: 'observed', report: index === undefined ? report : { ...report, index } };
      } catch (error) {
        daemon = undefined;
        signal.throwIfAborted();
        return { kind: 'unseen', error };
      }
    },
  };
}

interface FolderLook {
  readonly view: DaemonView;
  readonly report: FolderReport | undefined;
}
