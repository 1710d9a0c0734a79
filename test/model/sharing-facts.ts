/** What the model remembers of a volume that many write. */

/** A file that was there when a session had ended, and the stores that were said to hold it then. */
export interface Ended {
  readonly name: string;
  readonly content: number;
  readonly witnesses: ReadonlySet<string>;
}

export interface Sharing {
  /** By content. */
  readonly ended: Map<number, Ended>;
  /** A pod that saw it wrote over it, or deleted it: nobody misses it. */
  readonly overwritten: Set<number>;
  /** Who was said to hold the scan, by node and session, when the word was given. */
  readonly words: Map<string, ReadonlySet<string>>;
}

export function newSharing(): Sharing {
  return { ended: new Map(), overwritten: new Set(), words: new Map() };
}
