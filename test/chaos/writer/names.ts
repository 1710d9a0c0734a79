/** What a path is to the writer: that some names are worked on in some ways only is what makes it known what they are. */

/** Files of the steady work, each on its own. */
export const STEADY_FILE = /^d\d+\/f\d+$/;
/** Made and removed, and nothing is ever put into it. */
export const SPARE_DIRECTORY = /^d\d+\/e\d+$/;
/** One of two names of a file. */
export const LINKED_FILE = /^d\d+\/h\d+$/;

/** A directory whose time is only what the writer gave it. */
export function isLeftAlone(path: string): boolean {
  return SPARE_DIRECTORY.test(path);
}
