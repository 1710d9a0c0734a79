import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runSteps } from '../cluster/steps.ts';
import { openKube } from '../kube/kube.ts';
import { DEFAULT_RELEASE, deploy, undeploy } from './deploy.ts';

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The image that the pods run was loaded under the same name: its content says whether they have to restart. */
function imageDigest(): string {
  const image = join(checkout, '.cluster/images/syncthing-csi.tar');
  return existsSync(image) ? createHash('sha256').update(readFileSync(image)).digest('hex') : '';
}

async function main(): Promise<void> {
  const abort = new AbortController();
  process.on('SIGINT', () => abort.abort());
  process.on('SIGTERM', () => abort.abort());
  const kube = openKube(checkout, abort.signal);
  const record = join(checkout, '.cluster/deployed-image');
  const before = existsSync(record) ? readFileSync(record, 'utf8') : '';
  const digest = imageDigest();
  const isRemoval = process.argv[2] === 'remove';
  const step = isRemoval
    ? { title: 'uninstall the driver', run: async () => await undeploy(kube, DEFAULT_RELEASE) }
    : {
        title: 'install the driver',
        run: async () => await deploy(kube, DEFAULT_RELEASE, before !== digest),
      };
  await runSteps([step], { interactive: process.stdout.isTTY });
  writeFileSync(record, isRemoval ? '' : digest);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
