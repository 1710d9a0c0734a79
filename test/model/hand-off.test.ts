import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Counts } from './counts.ts';
import { dump } from './dump.ts';
import { EXPECTED } from './expected.ts';
import { anyStory, tell, type Story } from './story.ts';
import type { World } from './world.ts';

const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 1_000_000_000);
const runs = Number(process.env['MODEL_RUNS'] ?? 2_000);

/** The world as it is when the invariant breaks, for whoever looks into it. */
function tellOn(story: Story): string {
  let world: World | undefined;
  try {
    tell(story, new Map(), (begun) => {
      world = begun;
    });
  } catch {
    return world === undefined ? '' : dump(world);
  }
  return '';
}

test('whatever happens, what is acknowledged is read, and the volume can be used when everybody is back', () => {
  const counts: Counts = new Map();
  let steps = 0;
  fc.assert(
    fc.property(anyStory, (story) => {
      steps += tell(story, counts).steps;
    }),
    {
      seed,
      numRuns: runs,
      endOnFailure: false,
      reporter: (run) => {
        const [story] = run.counterexample ?? [];
        if (story !== undefined) process.stdout.write(`${tellOn(story)}\n`);
        if (run.failed) throw new Error(fc.defaultReportMessage(run) ?? '', { cause: run.errorInstance });
      },
    },
  );
  const table = [...counts].map(([row, times]) => `${row}: ${times}`).toSorted();
  process.stdout.write(`model: seed ${seed}, ${runs} runs, ${steps} steps\n${table.join('\n')}\n`);
  expect(steps / runs).toBeGreaterThanOrEqual(50);
  expect(EXPECTED.filter((row) => !counts.has(row))).toEqual([]);
});
