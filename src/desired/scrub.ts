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
  /** Syncthing's short id of the device that last changed the file, as its index says. */
  readonly modifiedBy: string;
  /** RFC 3339; the inode's ctime. */
  readonly changedAt: string;
}

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
}
