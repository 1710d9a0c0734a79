import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { CallOptions, KubernetesClient } from '../../../src/kubernetes/client.ts';
import { connectKubernetes, type Connection } from '../../../src/kubernetes/connect-kubernetes.ts';
import {
  CLUSTER_NODES,
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  SYNCTHING_NODES,
  SYNCTHING_REPLICAS,
  SYNCTHING_VOLUMES,
} from '../../../src/kubernetes/resource-kind.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { type ApiServer, startApiServer } from '../kubernetes/api-server.ts';
import { applyCrds } from '../kubernetes/crds.ts';
import {
  nodeSpec,
  nodeStatus,
  replicaSpec,
  replicaStatus,
  volumeSpec,
  volumeStatus,
} from '../kubernetes/sample-resources.ts';
import { renderManifests } from '../../../tools/manifests/render-manifests.ts';
import { program } from '../kubernetes/programs.ts';
import { LOCAL_VALUES, render } from './chart.ts';
import { startNodePod } from './node-pod.ts';

const namespace = 'syncthing-csi';
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
  await applyCrds(server);
  await server.kubectl(['create', 'namespace', namespace]);
});
afterAll(() => server?.stop());

function inTime(): CallOptions {
  return { signal: AbortSignal.timeout(20_000) };
}

/** A JSON list is what kubectl takes for many manifests. */
async function apply(
  sets: readonly string[],
  files: readonly string[],
  ...args: readonly string[]
): Promise<string> {
  const items = await render(namespace, sets, files);
  return await server.kubectl(
    ['apply', '--server-side', '--validate=strict', ...args, '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  );
}

describe('an API server takes what the chart renders', () => {
  const everything = [
    'registrar.sidecar=true',
    'nameSuffix="-b"',
    'nodeLabel="disk=fast"',
    'imagePullSecrets=[{"name":"pull"}]',
    'syncthing.secretName="keys"',
    'storageClass.isDefault=true',
    'storageClass.parameters={"replicas":2,"access":"eventual"}',
    'controller.nodeSelector={"a":"b"}',
    'controller.podAnnotations={"a":"b"}',
    'node.podAnnotations={"a":"b"}',
    'node.maxUnavailable="10%"',
    'controller.replicas=2',
    'attach=true',
    'networkPolicy.create=true',
    'metrics.dashboard.create=true',
    'moreStorageClasses={"kept":{"parameters":{"onDelete":"archive"}}}',
    'syncthing.defaultConfig="<configuration/>"',
  ];
  test.each([
    ['defaults', [], []],
    ['local values', [], [LOCAL_VALUES]],
    ['every option', everything, []],
    ['no storage class', ['storageClass.create=false', 'node.tolerations=[]'], []],
  ])('with %s', async (_name, sets, files) => {
    expect(await apply(sets, files, '--dry-run=server')).toMatch(/daemonset\.apps\/syncthing-csi-node/);
  });
});

test('an API server takes the plain manifests, and the same once more', async () => {
  const values = path.join(mkdtempSync(path.join(tmpdir(), 'values-')), 'values.yaml');
  onTestFinished(() => rmSync(path.dirname(values), { recursive: true }));
  writeFileSync(values, 'nameSuffix: plain\ndriverName: plain.example.com\n');
  const text = await renderManifests({
    helm: program('helm'),
    chart: path.resolve('deploy/chart'),
    namespace,
    values,
    signal: AbortSignal.timeout(60_000),
  });
  for (const _ of ['first', 'again']) {
    const said = await server.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], text);
    expect(said).toContain('daemonset.apps/syncthing-csi-node-plain serverside-applied');
    expect(said).toContain('syncthingvolumes.syncthing-csi.io serverside-applied');
  }
});

describe('the service accounts of an installed chart', () => {
  const connections: Connection[] = [];
  let controller: KubernetesClient;
  let node: KubernetesClient;

  async function as(kubeconfig: string): Promise<KubernetesClient> {
    const connection = await connectKubernetes({
      namespace,
      kubeconfig,
      environment: {},
      clock: systemClock,
      userAgent: 'test',
    });
    connections.push(connection);
    return connection.client;
  }
  beforeAll(async () => {
    await apply([], []);
    await startNodePod(server, namespace, 'n1');
    controller = await as(await server.kubeconfigOf(namespace, 'syncthing-csi-controller'));
    node = await as(await server.kubeconfigOfPod(namespace, 'driver-n1'));
  });
  afterAll(async () => {
    for (const connection of connections) await connection[Symbol.asyncDispose]();
  });

  test('let the controller order and the node report', async () => {
    const volume = await controller.create(
      SYNCTHING_VOLUMES,
      { name: 'v', finalizers: ['syncthing-csi.io/volume'], spec: volumeSpec },
      inTime(),
    );
    await controller.replaceStatus(SYNCTHING_VOLUMES, volume, volumeStatus, inTime());
    await controller.create(SYNCTHING_REPLICAS, { name: 'v.n1', spec: replicaSpec }, inTime());
    const empty = { fenced: [], devices: [], tombstones: [] };
    const own = await node.create(SYNCTHING_NODES, { name: 'n1', spec: empty }, inTime());
    await node.replaceStatus(SYNCTHING_NODES, { name: 'n1' }, nodeStatus, inTime());
    await controller.replaceSpec(
      SYNCTHING_NODES,
      { name: 'n1', uid: own.uid },
      { ...nodeSpec, fenced: [] },
      inTime(),
    );
    const mine = await node.list(SYNCTHING_REPLICAS, { fields: { 'spec.node': 'n1' } }, inTime());
    expect(mine.items).toHaveLength(1);
    await node.replaceStatus(SYNCTHING_REPLICAS, { name: 'v.n1' }, replicaStatus, inTime());
    expect((await node.get(SYNCTHING_VOLUMES, 'v', inTime())).status).toEqual(volumeStatus);
    await controller.replaceFinalizers(SYNCTHING_VOLUMES, { name: 'v' }, [], inTime());
    await controller.delete(SYNCTHING_REPLICAS, { name: 'v.n1' }, inTime());
    await controller.delete(SYNCTHING_VOLUMES, { name: 'v' }, inTime());
  });

  test('let the controller see pods, claims, volumes and nodes, hold a lease and write events', async () => {
    for (const kind of [PODS, PERSISTENT_VOLUME_CLAIMS])
      await controller.list(kind, {}, { ...inTime(), namespace: 'default' });
    for (const kind of [PERSISTENT_VOLUMES, CLUSTER_NODES])
      await controller.list<unknown>(kind, {}, inTime());
    await controller.create(
      LEASES,
      { name: 'syncthing-csi-controller', spec: { holderIdentity: 'a' } },
      inTime(),
    );
    const involvedObject = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace: 'default',
      name: 'c',
    };
    await controller.createEvent(
      {
        name: 'e1',
        namespace: 'default',
        body: { involvedObject, type: 'Normal', reason: 'R', message: 'm' },
      },
      inTime(),
    );
  });

  test('let the node see its node and write events', async () => {
    await node.list(CLUSTER_NODES, {}, inTime());
    const involvedObject = { apiVersion: 'v1', kind: 'Pod', namespace, name: 'p' };
    await node.createEvent(
      {
        name: 'e2',
        namespace,
        body: { involvedObject, type: 'Normal', reason: 'R', message: 'm' },
      },
      inTime(),
    );
  });

  test('keep the node from giving orders', async () => {
    const forbidden = { kind: 'forbidden' };
    const target = { name: 'x' };
    await expect(
      node.create(SYNCTHING_VOLUMES, { ...target, spec: volumeSpec }, inTime()),
    ).rejects.toMatchObject(forbidden);
    await expect(
      node.create(SYNCTHING_REPLICAS, { ...target, spec: replicaSpec }, inTime()),
    ).rejects.toMatchObject(forbidden);
    await expect(node.replaceStatus(SYNCTHING_VOLUMES, target, volumeStatus, inTime())).rejects.toMatchObject(
      forbidden,
    );
    await expect(node.replaceSpec(SYNCTHING_REPLICAS, target, replicaSpec, inTime())).rejects.toMatchObject(
      forbidden,
    );
    await expect(node.replaceSpec(SYNCTHING_NODES, target, nodeSpec, inTime())).rejects.toMatchObject(
      forbidden,
    );
    await expect(node.delete(SYNCTHING_REPLICAS, target, inTime())).rejects.toMatchObject(forbidden);
    await expect(node.list(PODS, {}, { ...inTime(), namespace: 'default' })).rejects.toMatchObject(forbidden);
    await expect(node.list(SYNCTHING_VOLUMES, {}, inTime())).rejects.toMatchObject(forbidden);
  });

  test('keep the controller from reporting in the place of a node', async () => {
    await expect(
      controller.replaceStatus(SYNCTHING_NODES, { name: 'n1' }, nodeStatus, inTime()),
    ).rejects.toMatchObject({ kind: 'forbidden' });
    await expect(
      controller.replaceStatus(SYNCTHING_REPLICAS, { name: 'v.n1' }, replicaStatus, inTime()),
    ).rejects.toMatchObject({ kind: 'forbidden' });
  });
});
