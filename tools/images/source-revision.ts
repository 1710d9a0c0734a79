import { HostError } from '../host/errors.ts';
import { runCommand } from '../host/run-command.ts';
import { BUILD_INPUTS } from './build-inputs.ts';
import type { ImageContext } from './image-context.ts';

/**
 * The commit that last changed what is in the image, so that a commit to anything else does not change the image; with
 * `-dirty` when the files differ from it. `unknown` outside of git.
 */
export async function sourceRevision(context: ImageContext): Promise<string> {
  async function git(...args: readonly string[]): Promise<string> {
    const command = ['git', ...args, '--', 'Dockerfile', ...BUILD_INPUTS] as const;
    return (
      await runCommand(command, { cwd: context.tree ?? context.checkout, signal: context.signal })
    ).trim();
  }
  try {
    const commit = await git('log', '-1', '--format=%H');
    const changes = await git('status', '--porcelain');
    if (commit === '') return 'unknown';
    return changes === '' ? commit : `${commit}-dirty`;
  } catch (error) {
    if (error instanceof HostError && (error.kind === 'command-failed' || error.kind === 'command-missing'))
      return 'unknown';
    throw error;
  }
}
