import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { clusterPaths } from '../cluster/cluster-paths.ts';
import { StepError } from '../cluster/steps.ts';
import { compressedBytes } from './compressed-bytes.ts';
import { driverArchive } from './driver-image.ts';
import type { ImageContext } from './image-context.ts';
import { makeBaseImage, makeDriverImage } from './make-images.ts';

function makeContext(signal: AbortSignal): ImageContext {
  const { env } = process;
  const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const { images, logs } = clusterPaths(checkout);
  const cache = join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'syncthing-csi');
  return { checkout, cache, images, logs, environment: env, interactive: process.stdout.isTTY, signal };
}

/**
 * Ctrl-C ends what runs; whatever is whole by then is found again. Not `once`: execa's own listener ends this process,
 * before anything is cleaned up, when it finds no other.
 */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      controller.abort(new Error(`interrupted by ${name}; run the same command again to go on`));
    });
  return controller.signal;
}

interface DriverOptions {
  readonly base?: string;
  readonly tree?: string;
  readonly tag?: string;
}

function explain(error: unknown): string {
  if (error instanceof StepError) return error.explanation;
  return error instanceof Error ? error.message : String(error);
}

async function toldOf(archive: string, signal: AbortSignal): Promise<string> {
  const megabytes = (await compressedBytes(archive, signal)) / 1e6;
  return `built, ${megabytes.toFixed(0)} MB to fetch`;
}

async function main(): Promise<void> {
  const context = makeContext(interruptible());
  const program = new Command('images').description(
    'The images of the local cluster that are built, not fetched',
  );
  program
    .command('base')
    .description('make a base image of our own, from this machine’s package sources and npm, into the cache')
    .action(async () => {
      await makeBaseImage(context);
    });
  program
    .command('driver')
    .description('bring .cluster/images/syncthing-csi.tar up to date')
    .option('--base <image>', 'the base to build from, where its registry is reached; else one of our own')
    .option('--tree <directory>', 'build what lies there instead: another commit, or one that was changed')
    .option('--tag <tag>', 'what the image is called, where it is to stand beside the one of this checkout')
    .action(async ({ base, tree, tag }: DriverOptions) => {
      const sources = {
        ...context,
        ...(tree !== undefined && { tree: resolve(tree) }),
        ...(tag !== undefined && { tag }),
      };
      const outcome = await makeDriverImage(base, sources);
      const archive = driverArchive(sources);
      const told = outcome === 'built' ? await toldOf(archive, context.signal) : 'up to date';
      process.stdout.write(`${archive}: ${told}\n`);
    });
  try {
    await program.parseAsync(process.argv);
  } catch (error) {
    process.stderr.write(`\n${explain(error)}\n`);
    process.exitCode = 1;
  }
}

await main();
