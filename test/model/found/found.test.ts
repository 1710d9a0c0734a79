import { expect, test } from 'vitest';
import { tell } from '../story.ts';
import { STORIES } from './stories.ts';
import { told } from './told.ts';

test.each(STORIES)('$name', (story) => {
  expect(tell(told(story), new Map()).steps).toBeGreaterThan(50);
});
