/** Parts that an interrupted run has measured: more than an hour's work goes on where it stopped. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { ResultTable } from './result.ts';

const table = z.object({
  title: z.string(),
  note: z.string().exactOptional(),
  rows: z.array(
    z.object({
      what: z.string(),
      values: z.record(z.string(), z.string()),
      goal: z.string().exactOptional(),
      met: z.boolean().exactOptional(),
    }),
  ),
});
const content = z.object({ commit: z.string(), parts: z.record(z.string(), z.array(table)) });

export interface Kept {
  /** Undefined where it was not measured at this commit. */
  tablesOf(part: string): readonly ResultTable[] | undefined;
  keep(part: string, tables: readonly ResultTable[]): void;
  /** All is written: the next run measures all anew. */
  end(): void;
}

function partsIn(file: string, commit: string): Record<string, readonly ResultTable[]> {
  try {
    const found = content.parse(JSON.parse(readFileSync(file, 'utf8')));
    // A commit with changes names no state.
    return found.commit === commit && !commit.includes(' ') ? found.parts : {};
  } catch {
    return {};
  }
}

export function openKept(file: string, commit: string): Kept {
  const parts = partsIn(file, commit);
  return {
    tablesOf: (part) => parts[part],
    keep(part, tables) {
      parts[part] = tables;
      writeFileSync(file, JSON.stringify({ commit, parts }));
    },
    end() {
      rmSync(file, { force: true });
    },
  };
}
