/** Installs or upgrades the driver on the local cluster from its chart, as a user would, with local images. */
import { join } from 'node:path';
import { runCommand } from '../host/run-command.ts';
import { kubectl, type Kube } from '../kube/kube.ts';
import { DRIVER_NAMESPACE } from '../kube/volumes.ts';

export interface Release {
  readonly name: string;
  readonly namespace: string;
  /** More values, as `--set` takes them. */
  readonly set?: Readonly<Record<string, string>>;
}

export const DEFAULT_RELEASE: Release = { name: 'syncthing-csi', namespace: DRIVER_NAMESPACE };

async function helm(kube: Kube, words: readonly string[], timeoutMs: number): Promise<string> {
  const program = join(kube.paths.bin, 'helm');
  const command = [program, `--kubeconfig=${kube.paths.kubeconfig}`, ...words] as const;
  return await runCommand(command, { signal: kube.signal, timeoutMs });
}

/**
 * Installs the release and waits until its pods run what this checkout built: an image of the same name is not pulled
 * again, so pods that ran before are restarted where `restart` says that the images changed.
 */
export async function deploy(kube: Kube, release: Release, restart: boolean): Promise<void> {
  const { checkout } = kube.paths;
  const { name, namespace } = release;
  const values = ['-f', join(checkout, 'tools/deploy/local-values.yaml')];
  const sets = Object.entries(release.set ?? {}).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const chart = join(checkout, 'deploy/chart');
  await kubectl(kube, ['apply', '--server-side', '--force-conflicts', '-f', join(chart, 'crds')]);
  await helm(
    kube,
    ['upgrade', '--install', name, chart, '-n', namespace, '--create-namespace', ...values, ...sets],
    120_000,
  );
  const workloads = await kubectl(kube, ['-n', namespace, 'get', 'daemonset,deployment', '-o', 'name']);
  const names = workloads.split('\n').filter((line) => line !== '');
  if (restart) await kubectl(kube, ['-n', namespace, 'rollout', 'restart', ...names]);
  for (const workload of names) {
    await kubectl(kube, ['-n', namespace, 'rollout', 'status', workload, '--timeout=180s'], 200_000);
  }
}

/** Takes the release away; its custom resources and everything on disk stay. */
export async function undeploy(kube: Kube, release: Release): Promise<void> {
  await helm(
    kube,
    ['uninstall', release.name, '-n', release.namespace, '--ignore-not-found', '--wait'],
    180_000,
  );
}
