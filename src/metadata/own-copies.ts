/** A tree that is put aside keeps bytes, not names of files that live on elsewhere (handoff rule 30). */
import { MetadataError } from './errors.ts';
import { findSpecial } from './find-special.ts';
import { makePlain, portionsOf, type PlainOptions } from './make-plain.ts';
import { planOwnCopies } from './plan-own-copies.ts';
import type { PlainStep } from './plan-plain.ts';

/** Five million files; what is not done then is not going to be. */
const MAX_GOES = 100;

/**
 * Each file of the tree that has a name outside of it gets a copy of its own: whoever writes into the other name in
 * place would change what was put aside. Safe to repeat from any point, and to break off: a name has the shared file or
 * its own copy. The renames are on the disk once the caller has synced the file system.
 */
export async function giveOwnCopies(options: PlainOptions): Promise<void> {
  const { root, signal } = options;
  for (let go = 1; go <= MAX_GOES; go += 1) {
    const sight = await findSpecial(root, signal, { only: 'shared-files' });
    await separate(planOwnCopies(sight), options);
    if (!sight.hasMoreFiles) return;
  }
  throw new MetadataError('failed', `there is no end of shared files in ${root}`);
}

async function separate(steps: readonly PlainStep[], options: PlainOptions): Promise<void> {
  try {
    for (const portion of portionsOf(steps)) await makePlain(portion, options);
  } catch (cause) {
    options.signal.throwIfAborted();
    const why = cause instanceof Error ? cause.message : 'failed';
    throw new MetadataError('failed', `${options.root} is not kept apart yet: ${why}`, { cause });
  }
}
