import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runSteps } from '../cluster/steps.ts';
import { openKube } from '../kube/kube.ts';
import { DEFAULT_RELEASE, deploy, undeploy } from './deploy.ts';

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

async function main(): Promise<void> {
  const abort = new AbortController();
  process.on('SIGINT', () => abort.abort());
  process.on('SIGTERM', () => abort.abort());
  const kube = openKube(checkout, abort.signal);
  const release = { ...DEFAULT_RELEASE, flags: { attach: process.env['ATTACH'] === 'true' } };
  const step =
    process.argv[2] === 'remove'
      ? { title: 'uninstall the driver', run: async () => await undeploy(kube, DEFAULT_RELEASE) }
      : { title: 'install the driver', run: async () => await deploy(kube, release) };
  await runSteps([step], { interactive: process.stdout.isTTY });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
