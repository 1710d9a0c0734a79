import { expect, test } from 'vitest';
import { tell } from '../story.ts';
import { OPEN, STORIES } from './stories.ts';
import { told } from './told.ts';

test.each(STORIES)('$name', (story) => {
  expect(tell(told(story), new Map()).steps).toBeGreaterThan(50);
});

test.fails.each(OPEN)('open: $name', (story) => {
  tell(told(story), new Map());
});
