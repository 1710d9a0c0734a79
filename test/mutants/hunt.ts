/** Looks for a counterexample in the tree it stands in, as the model tests do; what it found is one line of JSON. */
import fc from 'fast-check';
import type { Counts } from '../model/counts.ts';
import { STORIES } from '../model/found/stories.ts';
import { told } from '../model/found/told.ts';
import { anyStory, anyStoryOfSharing, anyStoryWithReaders, tell, type Story } from '../model/story.ts';
import { Violation } from '../model/violation.ts';

const [seed, runs] = process.argv.slice(2).map(Number);
const counts: Counts = new Map();

/** `rule`: the invariant that the story breaks. `crash`: what was thrown that is none, and so no finding. */
interface Broken {
  readonly rule?: string;
  readonly crash?: string;
}

function broken(story: Story): Broken | undefined {
  try {
    tell(story, counts);
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return { rule: error.rule };
    return { crash: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

interface Found extends Broken {
  readonly runs: number;
}

/** A rule that has to do with readers alone is found soon when it is their turn soon: a part of each first, then all. */
const FIRST_PART = 10;

/** In the stories that were found before, in those of writers, in those with readers, and where many write. */
function hunt(): Found {
  for (const [index, story] of STORIES.entries()) {
    const found = broken(told(story));
    if (found !== undefined) return { runs: index + 1, ...found };
  }
  const all = runs ?? 1_000;
  let sum = STORIES.length;
  for (const numRuns of [Math.ceil(all / FIRST_PART), all])
    for (const stories of [anyStory, anyStoryWithReaders, anyStoryOfSharing]) {
      const { runs: drawn, ...found } = draw(stories, numRuns);
      sum += drawn;
      if (Object.keys(found).length > 0) return { runs: sum, ...found };
    }
  return { runs: sum };
}

function draw(stories: fc.Arbitrary<Story>, numRuns: number): Found {
  let last: Broken | undefined;
  const { numRuns: drawn } = fc.check(
    fc.property(stories, (story) => (last = broken(story)) === undefined),
    { seed: seed ?? 1, numRuns, endOnFailure: true },
  );
  return { runs: drawn, ...last };
}

process.stdout.write(JSON.stringify(hunt()));
