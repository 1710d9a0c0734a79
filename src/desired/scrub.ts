/** A scrub: the bytes of a copy compared with what was proven (docs/handoff.md, "Scrub"). */

/** What `node` hands to the helper `scrubber` on stdin: one pass over a part of one copy. */
export interface ScrubRequest {
  readonly folderId: string;
  /** Syncthing's root of the folder; names are relative to it. */
  readonly root: string;
  readonly syncthing: { readonly socketPath: string; readonly apiKeyFile: string };
  /** The last file that was looked at; absent at the beginning of a copy. */
  readonly cursor?: string;
  /** These files alone, whatever the cursor says. */
  readonly only?: readonly string[];
  readonly bytesPerSecond: number;
  /** No further file is begun after this. */
  readonly budgetMs: number;
}

/** A file whose bytes are not those of the index, though its size and its time are. */
export interface ScrubFinding {
  readonly name: string;
  /** `unreadable`: the disk does not give its bytes away. */
  readonly kind: 'differs' | 'unreadable';
  readonly reason: string;
  /** What the index said of its bytes when they were compared, as Syncthing's `blocksHash`. */
  readonly blocksHash: string;
  /** Syncthing's short id of the device that last changed the file, as its index says. */
  readonly modifiedBy: string;
  /** RFC 3339; the inode's ctime. */
  readonly changedAt: string;
}

/** A file whose bytes are what the index says now. */
export type ScrubMatch = Pick<ScrubFinding, 'name' | 'blocksHash' | 'modifiedBy'>;

/**
 * No pass has more findings, and no scrub gives more files back. More is not rot but a disk, or a rule of ours, that is
 * wrong as a whole.
 */
export const MAX_FINDINGS = 100;

/** What the scrubber answers on stdout. */
export interface ScrubReport {
  readonly done: boolean;
  /** Where the next pass goes on; absent when nothing was looked at. */
  readonly cursor?: string;
  /** Compared to the end, whatever came out. */
  readonly files: number;
  readonly bytes: number;
  /** Left out because they changed while they were looked at, or are not in the index. */
  readonly skipped: number;
  readonly findings: readonly ScrubFinding[];
  /** Of the files that were asked for by name, those that are as the index has them. */
  readonly matched: readonly ScrubMatch[];
}

/** What differs and is left as it is: how many files, and the first of them. */
export interface Differing {
  readonly differing: number;
  readonly names: readonly string[];
}

/** A scrub of one copy that is under way; it goes on after a restart. */
export interface ScrubRun extends Differing {
  readonly startedAt: string;
  /** Syncthing looked at sizes and times itself, so that what was changed by hand has come to light. */
  readonly scanned: boolean;
  readonly cursor?: string;
  /** Every file was looked at once. */
  readonly walked: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly skipped: number;
  /** To be given back to Syncthing; written down before the first of them is touched. */
  readonly rotten: readonly ScrubFinding[];
  /** Given back, to be fetched again. */
  readonly repairing: readonly ScrubFinding[];
  readonly repaired: number;
  /** So much differed at once that it was ended before its time. */
  readonly stopped?: true;
}

export interface FinishedScrub extends Differing {
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly files: number;
  readonly bytes: number;
  readonly skipped: number;
  readonly repaired: number;
}

/** `volumes/<folderId>/scrub.json`. */
export interface ScrubRecord {
  readonly version: 1;
  /** When this node first thought of scrubbing the copy. */
  readonly since: string;
  readonly run?: ScrubRun;
  readonly last?: FinishedScrub;
  /** It is due, and since when it cannot be done, and why; or the last one was stopped. */
  readonly failing?: { readonly since: string; readonly message: string };
}

export function newScrubRecord(now: number): ScrubRecord {
  return { version: 1, since: new Date(now).toISOString() };
}

export interface ScrubSettings {
  /** From the end of one scrub of a copy to the next; 0: only where somebody asks for one. */
  readonly intervalMs: number;
  readonly bytesPerSecond: number;
}
