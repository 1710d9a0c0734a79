import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Counts } from './counts.ts';
import { dump } from './dump.ts';
import { EXPECTED_OF_READERS } from './expected.ts';
import { anyStoryWithReaders, tell, type Story } from './story.ts';
import type { World } from './world.ts';

/** As in hand-off.test.ts. */
const seed = Number(process.env['MODEL_SEED'] ?? 301);
const runs = Math.ceil(Number(process.env['MODEL_RUNS'] ?? 1_200) / 3);

const counts: Counts = new Map();
let steps = 0;

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

test('readers and a writer never have the volume together, and each reader finds all that was acknowledged', () => {
  fc.assert(
    fc.property(anyStoryWithReaders, (story) => {
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
});

test('no row of the tables of decisions about readers is left out', () => {
  const table = [...counts].map(([row, times]) => `${row}: ${times}`).toSorted();
  process.stdout.write(`readers: seed ${seed}, ${runs} stories, ${steps} steps\n${table.join('\n')}\n`);
  expect(EXPECTED_OF_READERS.filter((row) => !counts.has(row))).toEqual([]);
});
