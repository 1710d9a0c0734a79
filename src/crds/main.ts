import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { connectKubernetes } from '../kubernetes/connect-kubernetes.ts';
import { systemClock } from '../runtime/clock.ts';
import { createLogger } from '../runtime/logger.ts';
import { run } from '../runtime/run.ts';
import { VERSION } from '../runtime/version.ts';
import { bringUpToDate } from './bring-up-to-date.ts';
import type { Definition } from './plan.ts';
import { parseDefinition, parseSettings } from './settings.ts';

/**
 * The program `crds`: brings the definitions of our resources up to date before an install or an upgrade, since Helm
 * does that only where there are none. Runs in a hook of the chart, with rights of its own, and ends.
 */
export async function main(environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  const { namespace, directory } = parseSettings(environment);
  const log = createLogger({ level: 'info', to: 'stdout' });
  const kubeconfig = environment['KUBECONFIG'];
  await run(
    async (signal) => {
      await using connection = await connectKubernetes({
        namespace,
        environment,
        clock: systemClock,
        userAgent: `syncthing-csi-crds/${VERSION}`,
        ...(kubeconfig !== undefined && kubeconfig !== '' && { kubeconfig }),
      });
      await bringUpToDate(await readDefinitions(directory), { client: connection.client, log, signal });
    },
    { process, log, drainMs: 10_000 },
  );
}

/** A mounted ConfigMap has links and hidden directories beside its keys. */
async function readDefinitions(directory: string): Promise<readonly Definition[]> {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.json')).toSorted();
  if (files.length === 0) throw new Error(`there is no definition in ${directory}`);
  const definitions: Definition[] = [];
  for (const file of files) {
    definitions.push(parseDefinition(file, await readFile(path.join(directory, file), 'utf8')));
  }
  return definitions;
}
