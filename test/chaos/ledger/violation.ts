/** What must not be, as a check finds it. */

/**
 * `lost`: an acknowledged write is not there, or an older one is. `changed`: content or attributes that nobody wrote.
 * `foreign`: a path that nobody made. `mixed`: what a writer of another lineage, or another write, put there.
 */
export type WrongKind = 'lost' | 'changed' | 'foreign' | 'mixed';

export interface WrongPath {
  readonly kind: WrongKind;
  readonly path: string;
  /** What had to be there at least, in one line. */
  readonly expected: string;
  readonly found: string;
}
