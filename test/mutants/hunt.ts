/** Looks for a counterexample in the tree it stands in, as the model tests do; what it found is one line of JSON. */
import fc from 'fast-check';
import type { Counts } from '../model/counts.ts';
import { STORIES } from '../model/found/stories.ts';
import { told } from '../model/found/told.ts';
import { anyStory, anyStoryOfSharing, anyStoryWithReaders, tell, type Story } from '../model/story.ts';
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

interface Found {
  readonly runs: number;
  readonly rule?: string;
}

/** A rule that has to do with readers alone is found soon when it is their turn soon: a part of each first, then all. */
const FIRST_PART = 10;

/** In the stories that were found before, in those of writers, in those with readers, and where many write. */
function hunt(): Found {
  for (const [index, story] of STORIES.entries()) {
    const rule = broken(told(story));
    if (rule !== undefined) return { runs: index + 1, rule };
  }
  const all = runs ?? 1_000;
  let sum = STORIES.length;
  for (const numRuns of [Math.ceil(all / FIRST_PART), all])
    for (const stories of [anyStory, anyStoryWithReaders, anyStoryOfSharing]) {
      const found = draw(stories, numRuns);
      sum += found.runs;
      if (found.rule !== undefined) return { ...found, runs: sum };
    }
  return { runs: sum };
}

function draw(stories: fc.Arbitrary<Story>, numRuns: number): Found {
  let rule: string | undefined;
  const found = fc.check(
    fc.property(stories, (story) => (rule = broken(story)) === undefined),
    { seed: seed ?? 1, numRuns, endOnFailure: true },
  );
  return { runs: found.numRuns, ...(rule !== undefined && { rule }) };
}

process.stdout.write(JSON.stringify(hunt()));
