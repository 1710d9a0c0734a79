/** The writer's log: a change is announced before it is begun, so that nothing on the disk is without an author. */
import { appendFileSync } from 'node:fs';
import type { LogLine } from '../ledger/log-line.ts';
import type { Effect } from '../ledger/session.ts';

export interface Change {
  readonly effects: readonly Effect[];
  readonly inPlace: boolean;
  /** Does it, and gives back what to do to have it on the disk for sure. */
  readonly apply: () => () => void;
}

export interface Journal {
  /** False where the change could not be made; the log says why. */
  carryOut(change: Change, options: { readonly sync: boolean }): boolean;
  note(line: LogLine): void;
}

export function createJournal(file: string, now: () => number): Journal {
  let seq = 0;
  function note(line: LogLine): void {
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  }
  return {
    note,
    carryOut({ effects, inPlace, apply }, { sync }) {
      seq += 1;
      note({ event: 'begin', seq, at: now(), inPlace, effects: [...effects] });
      try {
        const syncAll = apply();
        note({ event: 'done', seq, at: now() });
        if (!sync) return true;
        syncAll();
        note({ event: 'synced', seq, at: now() });
        return true;
      } catch (error) {
        note({
          event: 'failed',
          seq,
          at: now(),
          error: error instanceof Error ? error.message : String(error),
        });
        return false;
      }
    },
  };
}
