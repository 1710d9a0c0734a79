/** Looks for a counterexample in the tree it stands in, as the model tests do; what it found is one line of JSON. */
import fc from 'fast-check';
import type { Counts } from '../model/counts.ts';
import { STORIES } from '../model/found/stories.ts';
import { told } from '../model/found/told.ts';
import { anyStory, tell, type Story } from '../model/story.ts';
import { Violation } from '../model/violation.ts';

const [seed, runs] = process.argv.slice(2).map(Number);
const counts: Counts = new Map();

/** The invariant that the story breaks. */
function broken(story: Story): string | undefined {
  try {
    tell(story, counts);
    return undefined;
  } catch (error) {
    return error instanceof Violation ? error.rule : String(error);
  }
}

function hunt(): { readonly runs: number; readonly rule?: string } {
  for (const [index, story] of STORIES.entries()) {
    const rule = broken(told(story));
    if (rule !== undefined) return { runs: index + 1, rule };
  }
  let rule: string | undefined;
  const { numRuns } = fc.check(
    fc.property(anyStory, (story) => (rule = broken(story)) === undefined),
    { seed: seed ?? 1, numRuns: runs ?? 1_000, endOnFailure: true },
  );
  return { runs: STORIES.length + numRuns, ...(rule !== undefined && { rule }) };
}

process.stdout.write(JSON.stringify(hunt()));
