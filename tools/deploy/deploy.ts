/** Installs or upgrades the driver on the local cluster from its chart, as a user would, with local images. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../host/run-command.ts';
import { kubectl, type Kube } from '../kube/kube.ts';
import { DRIVER_NAME, DRIVER_NAMESPACE } from '../kube/volumes.ts';

export interface Release {
  readonly name: string;
  readonly namespace: string;
  /** More values that are texts. */
  readonly set?: Readonly<Record<string, string>>;
  /** More values that are numbers, or true or false. */
  readonly flags?: Readonly<Record<string, number | boolean>>;
  /** Chart and values of another checkout; its image has to be on the nodes, and `set` to name it. */
  readonly tree?: string;
  /** Whether to wait for its pods; true unless said otherwise. */
  readonly wait?: boolean;
}

export const DEFAULT_RELEASE: Release = { name: 'syncthing-csi', namespace: DRIVER_NAMESPACE };

/** Runs helm on the cluster. */
export async function helm(kube: Kube, words: readonly string[], timeoutMs: number): Promise<string> {
  const program = join(kube.paths.bin, 'helm');
  const command = [program, `--kubeconfig=${kube.paths.kubeconfig}`, ...words] as const;
  return await runCommand(command, { signal: kube.signal, timeoutMs });
}

/** The content of the driver's image: it is loaded under one name, so the name does not tell when it changed. */
function imageDigest(checkout: string): string {
  const image = join(checkout, '.cluster/images/syncthing-csi.tar');
  return existsSync(image)
    ? createHash('sha256').update(readFileSync(image)).digest('hex').slice(0, 16)
    : 'none';
}

/** Kubernetes never changes `attachRequired` of a CSIDriver; here, where no pod uses a volume, it may be made anew. */
async function dropOtherAttach(kube: Kube, { set, flags }: Release): Promise<void> {
  const name = set?.['driverName'] ?? DRIVER_NAME;
  const ask = ['get', 'csidriver', name, '--ignore-not-found', '-o', 'jsonpath={.spec.attachRequired}'];
  const found = (await kubectl(kube, ask)).trim();
  if (found === '' || found === String(flags?.['attach'] ?? false)) return;
  await kubectl(kube, ['delete', 'csidriver', name]);
}

/**
 * Installs or upgrades the release and waits until its pods run what this checkout built. They carry the image's
 * content as an annotation, so that they are replaced when it changed and only then.
 */
export async function deploy(kube: Kube, release: Release): Promise<void> {
  const { checkout } = kube.paths;
  const { name, namespace } = release;
  const digest = imageDigest(checkout);
  const set = {
    ...release.set,
    'node.podAnnotations.image': digest,
    'controller.podAnnotations.image': digest,
  };
  const tree = release.tree ?? checkout;
  const values = ['-f', join(tree, 'tools/deploy/local-values.yaml')];
  const sets = Object.entries(set).flatMap(([key, value]) => ['--set-string', `${key}=${value}`]);
  const booleans = Object.entries(release.flags ?? {}).flatMap(([key, value]) => [
    '--set',
    `${key}=${value}`,
  ]);
  const chart = join(tree, 'deploy/chart');
  await dropOtherAttach(kube, release);
  const install = ['upgrade', '--install', name, chart, '-n', namespace, '--create-namespace'];
  await helm(kube, [...install, ...values, ...sets, ...booleans], 120_000);
  if (release.wait === false) return;
  const workloads = await kubectl(kube, ['-n', namespace, 'get', 'daemonset,deployment', '-o', 'name']);
  for (const workload of workloads.split('\n').filter((line) => line !== '')) {
    await kubectl(kube, ['-n', namespace, 'rollout', 'status', workload, '--timeout=180s'], 200_000);
  }
}

export interface UndeployOptions {
  /** Also with volumes in use, which the chart's own check refuses. */
  readonly force: boolean;
}

/** Takes the release away; its custom resources and everything on disk stay. */
export async function undeploy(
  kube: Kube,
  { name, namespace }: Release,
  { force }: UndeployOptions = { force: false },
): Promise<void> {
  const words = ['uninstall', name, '-n', namespace, '--ignore-not-found', '--wait'];
  await helm(kube, force ? [...words, '--no-hooks'] : words, 240_000);
}
