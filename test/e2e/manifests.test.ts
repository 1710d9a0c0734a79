/** Without Helm: the file of `make manifests`, applied, used and taken away with kubectl alone, beside what is there. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand } from '../../tools/host/run-command.ts';
import { kubectl, remove, shell } from '../../tools/kube/kube.ts';
import { claimRef, waitForGone } from '../../tools/kube/wait-for.ts';
import { endPod, inPod, makeClaim, NODES, startPod, useStage } from './fixture.ts';
import { onNode } from './node-files.ts';

const stage = useStage('manifests');
const { checkout } = stage.kube.paths;
const DRIVER = 'manifests.example.org';
const LABEL = `${DRIVER}/syncthing-storage`;
const DIRECTORY = '/var/syncthing-csi-manifests';
const NAMESPACE = 'syncthing-csi-manifests';
const namespaceRef = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
const FILE = join(checkout, 'dist/syncthing-csi.yaml');
const VALUES = join(checkout, '.cluster/manifests-values.yaml');

/** As docs/operations.md says it: by the label, which the definitions and the namespace do not have. */
async function takeAway(): Promise<void> {
  const selector = ['-l', 'app.kubernetes.io/name=syncthing-csi', '--ignore-not-found'];
  await kubectl(stage.kube, ['delete', '-f', FILE, ...selector], 120_000);
}

async function clear(): Promise<void> {
  await takeAway();
  await remove(stage.kube, namespaceRef);
  await waitForGone(stage.kube, namespaceRef);
  for (const node of NODES) {
    await kubectl(stage.kube, ['label', 'node', node, `${LABEL}-`]);
    await onNode(stage.kube, node, ['rm', '-rf', '--one-file-system', DIRECTORY]);
  }
}

beforeAll(async () => {
  const own = { driverName: DRIVER, nameSuffix: 'manifests', hostDataDir: DIRECTORY };
  const local = await readFile(join(checkout, 'tools/deploy/local-values.yaml'), 'utf8');
  const lines = Object.entries(own).map(([key, value]) => `${key}: ${value}`);
  await writeFile(VALUES, `${local}\n${lines.join('\n')}\n`);
  const make = ['make', 'manifests', `VALUES=${VALUES}`, `NAMESPACE=${NAMESPACE}`] as const;
  await runCommand(make, { cwd: checkout, signal: stage.kube.signal, timeoutMs: 60_000 });
  await clear();
});
afterAll(async () => {
  await remove(stage.kube, claimRef(stage.namespace, 'plain'));
  await waitForGone(stage.kube, claimRef(stage.namespace, 'plain'));
  await clear();
  await rm(VALUES, { force: true });
});

it('a volume works, and taking it away leaves definitions and other instances alone', async () => {
  const { kube } = stage;
  await kubectl(kube, ['apply', '--server-side', '-f', FILE], 60_000);
  const inDriver = ['-n', NAMESPACE, 'rollout', 'status', '--timeout=120s'];
  await kubectl(kube, [...inDriver, 'daemonset/syncthing-csi-node-manifests'], 130_000);
  await kubectl(kube, [...inDriver, 'deployment/syncthing-csi-controller-manifests'], 130_000);
  for (const node of ['node1', 'node2'])
    await kubectl(kube, ['label', 'node', node, `${LABEL}=yes`, '--overwrite']);
  await makeClaim(stage, 'plain', { storageClass: 'syncthing-manifests' });
  await startPod(stage, 'writer', { node: 'node1', claim: 'plain' });
  await shell(kube, 'echo text > /data/file', inPod(stage, 'writer'));
  await endPod(stage, 'writer');
  await startPod(stage, 'reader', { node: 'node2', claim: 'plain' });
  expect(await shell(kube, 'cat /data/file', inPod(stage, 'reader'))).toBe('text');
  await endPod(stage, 'reader');
  await remove(kube, claimRef(stage.namespace, 'plain'));
  await waitForGone(kube, claimRef(stage.namespace, 'plain'));
  await takeAway();
  const kinds =
    'csidriver,storageclass,clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding';
  expect(await kubectl(kube, ['get', kinds, '-o', 'name'])).not.toContain('manifests');
  const crds = await kubectl(kube, ['get', 'crd', '-o', 'name']);
  expect(crds.match(/syncthing-csi\.io/g)).toHaveLength(3);
  const others = await kubectl(kube, ['-n', 'syncthing-csi', 'get', 'daemonset', '-o', 'name']);
  expect(others).toContain('daemonset.apps/syncthing-csi-node');
});
