import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Counts } from './counts.ts';
import { dump } from './dump.ts';
import { EXPECTED_OF_SHARING } from './expected.ts';
import { anyStoryOfSharing, tell, type Story } from './story.ts';
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

test('what a session beside others leaves is seen by who comes, is nowhere lost, and all copies become one', () => {
  fc.assert(
    fc.property(anyStoryOfSharing, (story) => {
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

test('no row of the tables of decisions about those who write beside others is left out', () => {
  const table = [...counts].map(([row, times]) => `${row}: ${times}`).toSorted();
  process.stdout.write(`sharing: seed ${seed}, ${runs} stories, ${steps} steps\n${table.join('\n')}\n`);
  expect(EXPECTED_OF_SHARING.filter((row) => !counts.has(row))).toEqual([]);
});
