import { expect, test } from 'vitest';
import type { Happening } from '../schedule.ts';
import { tell } from '../story.ts';
import { STORIES, type FoundStory, type Told } from './stories.ts';

function happening([kind, node, argument]: Told): Happening {
  return { kind, node, argument };
}

function steps({ options, happenings, last = 'none', after = [] }: FoundStory): number {
  const story = {
    options: { replicas: undefined, isSyncthing1: false, ...options },
    happenings: happenings.map(happening),
    last,
    after: after.map(happening),
  };
  return tell(story, new Map()).steps;
}

test.each(STORIES)('$name', (story) => {
  expect(steps(story)).toBeGreaterThan(50);
});
