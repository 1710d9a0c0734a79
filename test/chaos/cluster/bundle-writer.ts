import { join } from 'node:path';
import { build } from 'esbuild';
import { WRITER_BUNDLE } from './writer-pod.ts';

/** One file that any Node.js runs, in the run's directory, where pods find it. */
export async function bundleWriter(directory: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, '../writer/main.ts')],
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    outfile: join(directory, WRITER_BUNDLE),
    logLevel: 'warning',
  });
}
