import type { Happening } from '../schedule.ts';
import type { Story } from '../story.ts';
import type { FoundStory, Told } from './stories.ts';

function happening([kind, node, argument]: Told): Happening {
  return { kind, node, argument };
}

export function told({ options, happenings, last = 'none', after = [] }: FoundStory): Story {
  return {
    options: { replicas: undefined, isSyncthing1: false, ...options },
    happenings: happenings.map(happening),
    last,
    after: after.map(happening),
  };
}
