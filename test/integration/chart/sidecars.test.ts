import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DRIVER, RealController } from '../controller/real-controller.ts';
import { type ApiServer, startApiServer } from '../kubernetes/api-server.ts';
import { applyCrds } from '../kubernetes/crds.ts';
import { program } from '../kubernetes/programs.ts';
import { type ServerProcess, startProcess } from '../kubernetes/server-process.ts';
import { render } from './chart.ts';

/** The real sidecars on the real controller, with the rights that the chart gives them and no others. */
const namespace = 'syncthing-csi';
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sidecars-'));
const sidecars: ServerProcess[] = [];
let server: ApiServer;
let world: RealController;

beforeAll(async () => {
  server = await startApiServer();
  await applyCrds(server);
  await server.kubectl(['create', 'namespace', namespace]);
  const items = await render(namespace, ['attach=true', `driverName="${DRIVER}"`]);
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await server.kubectl(['apply', '--server-side', '-f', '-'], list);
  world = await RealController.create(server, ['n1', 'n2']);
  world.attach = true;
  await world.start();
  const kubeconfig = await server.kubeconfigOf(namespace, 'syncthing-csi-controller');
  const common = [
    `--csi-address=${world.socketPath}`,
    `--kubeconfig=${kubeconfig}`,
    '--leader-election',
    `--leader-election-namespace=${namespace}`,
    '--retry-interval-max=1s',
    '--v=4',
  ];
  const provisioner = [program('csi-provisioner'), ...common, '--extra-create-metadata'];
  sidecars.push(startProcess('csi-provisioner', provisioner, directory));
  sidecars.push(startProcess('csi-attacher', [program('csi-attacher'), ...common], directory));
});
afterAll(async () => {
  for (const sidecar of sidecars) await sidecar.kill();
  await world?.end();
  await server?.stop();
  fs.rmSync(directory, { recursive: true, force: true });
});

function said(sidecar: string): string {
  return fs.readFileSync(path.join(directory, `${sidecar}.log`), 'utf8');
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  try {
    await world.until(what, isSo);
  } catch (error) {
    const logs = sidecars.map(({ name }) => `${name}:\n${said(name).slice(-3000)}`).join('\n');
    throw new Error(logs, { cause: error });
  }
}

async function text(words: readonly string[]): Promise<string> {
  return (await server.kubectl(['get', ...words, '--ignore-not-found'])).trim();
}

test('a claim is provisioned, attached, detached and deleted, and nothing that they need is forbidden', async () => {
  await world.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'data',
      namespace: 'default',
      // As Kubernetes' own controller asks for it.
      annotations: { 'volume.kubernetes.io/storage-provisioner': DRIVER },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'syncthing',
      resources: { requests: { storage: '1Gi' } },
    },
  });
  await until('the PersistentVolume', async () => (await text(['pv', '-o', 'name'])) !== '');
  const name = (await text(['pv', '-o', 'name'])).replace('persistentvolume/', '');
  const volumeId = await text(['pv', name, '-o', 'jsonpath={.spec.csi.volumeHandle}']);
  await world.apply({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name: 'n1' },
    spec: { drivers: [{ name: DRIVER, nodeID: 'n1', topologyKeys: [] }] },
  });
  await world.apply({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name: 'attachment' },
    spec: { attacher: DRIVER, nodeName: 'n1', source: { persistentVolumeName: name } },
  });
  const attached = ['volumeattachment', 'attachment', '-o', 'jsonpath={.status.attached}'];
  await until('the attachment', async () => (await text(attached)) === 'true');
  expect((await world.volume(volumeId))?.status.published.map(({ node }) => node)).toEqual(['n1']);
  await world.kubectl('delete', 'volumeattachment', 'attachment', '--wait=false');
  await until('the detachment', async () => (await text(attached)) === '');
  expect((await world.volume(volumeId))?.status.published).toEqual([]);
  await world.kubectl(
    'patch',
    'pv',
    name,
    '--subresource=status',
    '--type=merge',
    '-p',
    '{"status":{"phase":"Released"}}',
  );
  await until('the volume to go', async () => (await world.volume(volumeId)) === undefined);
  for (const { name: sidecar } of sidecars) expect(said(sidecar)).not.toMatch(/forbidden/i);
});
