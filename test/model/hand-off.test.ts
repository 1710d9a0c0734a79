import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Counts } from './counts.ts';
import { dump } from './dump.ts';
import { EXPECTED } from './expected.ts';
import { anyStory, tell, type Story } from './story.ts';
import type { World } from './world.ts';

/** The same stories each time, so that a red run is about what changed; other seeds look for what is not known yet. */
const seed = Number(process.env['MODEL_SEED'] ?? 301);
const runs = Number(process.env['MODEL_RUNS'] ?? 1_200);
const PARTS = [0, 1, 2, 3];

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

test.each(PARTS)(
  'whatever happens, what is acknowledged is read, and the volume can be used when everybody is back (part %i)',
  (part) => {
    fc.assert(
      fc.property(anyStory, (story) => {
        steps += tell(story, counts).steps;
      }),
      {
        seed: seed + part,
        numRuns: Math.ceil(runs / PARTS.length),
        endOnFailure: false,
        reporter: (run) => {
          const [story] = run.counterexample ?? [];
          if (story !== undefined) process.stdout.write(`${tellOn(story)}\n`);
          if (run.failed) throw new Error(fc.defaultReportMessage(run) ?? '', { cause: run.errorInstance });
        },
      },
    );
  },
);

test('no row of the tables of decisions and no fault is left out', () => {
  const table = [...counts].map(([row, times]) => `${row}: ${times}`).toSorted();
  process.stdout.write(`model: seed ${seed}, ${runs} stories, ${steps} steps\n${table.join('\n')}\n`);
  expect(steps).toBeGreaterThanOrEqual(200_000);
  expect(steps / runs).toBeGreaterThanOrEqual(50);
  expect(EXPECTED.filter((row) => !counts.has(row))).toEqual([]);
});
