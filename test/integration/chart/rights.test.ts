import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallOptions, KubernetesClient } from '../../../src/kubernetes/client.ts';
import { connectKubernetes, type Connection } from '../../../src/kubernetes/connect-kubernetes.ts';
import { isKubernetesError } from '../../../src/kubernetes/errors.ts';
import {
  SYNCTHING_NODES,
  SYNCTHING_REPLICAS,
  SYNCTHING_VOLUMES,
  type ResourceKind,
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
import { waitFor } from '../kubernetes/server-process.ts';
import { render } from './chart.ts';
import { startNodePod } from './node-pod.ts';

/** What each ServiceAccount may not do, tried with a token as its pod has it, on a real API server. */
const namespace = 'syncthing-csi';
const emptySpec = { fenced: [], devices: [], tombstones: [] };
const connections: Connection[] = [];
let server: ApiServer;
let controller: KubernetesClient;
/** Of the driver's pods on these nodes. */
let n1: KubernetesClient;
let n3: KubernetesClient;
/** With the token of the nodes' account that no pod has. */
let nobody: KubernetesClient;
let definer: KubernetesClient;

function inTime(): CallOptions {
  return { signal: AbortSignal.timeout(20_000) };
}

/** Any kind; nothing of what comes back is looked at. */
function kind(apiVersion: string, plural: string, namespaced = true): ResourceKind<object> {
  return { apiVersion, plural, namespaced, kind: plural, hasStatus: true, parse: () => ({}) };
}

const PODS = kind('v1', 'pods');
const SECRETS = kind('v1', 'secrets');
const NODES = kind('v1', 'nodes', false);
const CLAIMS = kind('v1', 'persistentvolumeclaims');
const VOLUMES = kind('v1', 'persistentvolumes', false);
const RBAC = 'rbac.authorization.k8s.io/v1';
const ADMISSION = 'admissionregistration.k8s.io/v1';
const CRDS = kind('apiextensions.k8s.io/v1', 'customresourcedefinitions', false);

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
  server = await startApiServer();
  await applyCrds(server);
  await server.kubectl(['create', 'namespace', namespace]);
  const items = await render(namespace, ['attach=true']);
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await server.kubectl(['apply', '--server-side', '-f', '-'], list);
  for (const node of ['n1', 'n3']) await startNodePod(server, namespace, node);
  controller = await as(await server.kubeconfigOf(namespace, 'syncthing-csi-controller'));
  n1 = await as(await server.kubeconfigOfPod(namespace, 'driver-n1'));
  n3 = await as(await server.kubeconfigOfPod(namespace, 'driver-n3'));
  nobody = await as(await server.kubeconfigOf(namespace, 'syncthing-csi-node'));
  definer = await as(await server.kubeconfigOf(namespace, 'syncthing-csi-crds'));
  const admin = await as(server.kubeconfig);
  await admin.create(SYNCTHING_VOLUMES, { name: 'v', spec: volumeSpec }, inTime());
  for (const node of ['n1', 'n2']) {
    await admin.create(SYNCTHING_REPLICAS, { name: `v.${node}`, spec: { ...replicaSpec, node } }, inTime());
    await admin.create(SYNCTHING_NODES, { name: node, spec: nodeSpec }, inTime());
  }
  // A policy takes effect a moment after it was written.
  await waitFor('the policy of the nodes', async () => {
    return nobody.replaceStatus(SYNCTHING_NODES, { name: 'n1' }, nodeStatus, inTime()).then(
      () => false,
      (error: unknown) => isKubernetesError(error, 'forbidden'),
    );
  });
});
afterAll(async () => {
  for (const connection of connections) await connection[Symbol.asyncDispose]();
  await server?.stop();
});

type Try = (client: KubernetesClient) => Promise<unknown>;
type Tries = readonly (readonly [string, Try])[];

const get =
  (what: ResourceKind<object>, name = 'x'): Try =>
  (client) =>
    client.get(what, name, inTime());
const list = (what: ResourceKind<object>, where = namespace): Try => {
  return (client) => client.list(what, {}, { ...inTime(), namespace: where });
};
const create =
  (what: ResourceKind<object>): Try =>
  (client) =>
    client.create(what, { name: 'x', spec: {} }, inTime());
const patch = (what: ResourceKind<object>, name = 'x'): Try => {
  return (client) => client.mergePatch(what, { name }, { metadata: { labels: { a: 'b' } } }, inTime());
};
const remove =
  (what: ResourceKind<unknown>, name = 'x'): Try =>
  (client) =>
    client.delete(what, { name }, inTime());

const nobodyMay: Tries = [
  ['read a secret', get(SECRETS)],
  ['list the secrets of all namespaces', list(SECRETS, '*')],
  ['read configuration', list(kind('v1', 'configmaps'))],
  ['make a pod', create(PODS)],
  ['change a pod', patch(PODS)],
  ['end a pod', remove(PODS)],
  ['run something in a pod', create(kind('v1', 'pods/x/exec'))],
  ['get a token', create(kind('v1', 'serviceaccounts/syncthing-csi-controller/token'))],
  ['change a node', patch(NODES, 'n1')],
  ['proxy to a kubelet', get(kind('v1', 'nodes/n1/proxy', false))],
  ['delete a claim', remove(CLAIMS)],
  ['make a claim', create(CLAIMS)],
  ['change the DaemonSet', patch(kind('apps/v1', 'daemonsets'), 'syncthing-csi-node')],
  ['give rights', create(kind(RBAC, 'rolebindings'))],
  ['change its own role', patch(kind(RBAC, 'roles'), 'syncthing-csi-node')],
  ['change the policy', patch(kind(ADMISSION, 'validatingadmissionpolicies', false), 'syncthing-csi-node')],
  [
    'delete the policy',
    remove(kind(ADMISSION, 'validatingadmissionpolicybindings', false), 'syncthing-csi-node'),
  ],
  ['change a CSIDriver', patch(kind('storage.k8s.io/v1', 'csidrivers', false), 'syncthing.csi.davepedu.com')],
  ['make a StorageClass', create(kind('storage.k8s.io/v1', 'storageclasses', false))],
  ['delete a CRD', remove(CRDS)],
  ['delete a node’s resource', remove(SYNCTHING_NODES, 'n2')],
];

describe('the token of a node', () => {
  test.each([
    ...nobodyMay,
    ['list pods', list(PODS, '*')],
    ['list claims', list(CLAIMS, '*')],
    ['read a PersistentVolume', get(VOLUMES)],
    ['read a lease', get(kind('coordination.k8s.io/v1', 'leases'))],
    ['list the volumes', list(SYNCTHING_VOLUMES)],
    ['order', (client) => client.replaceSpec(SYNCTHING_REPLICAS, { name: 'v.n1' }, replicaSpec, inTime())],
    [
      'make a copy',
      (client) => client.create(SYNCTHING_REPLICAS, { name: 'v.n3', spec: replicaSpec }, inTime()),
    ],
    ['drop a copy', remove(SYNCTHING_REPLICAS, 'v.n1')],
    ['order itself', (client) => client.replaceSpec(SYNCTHING_NODES, { name: 'n1' }, emptySpec, inTime())],
    ['grant', (client) => client.replaceStatus(SYNCTHING_VOLUMES, { name: 'v' }, volumeStatus, inTime())],
    [
      'give up a writer',
      (client) =>
        client.mergePatch(
          SYNCTHING_VOLUMES,
          { name: 'v' },
          { spec: { forceDetach: { epoch: 1 } } },
          inTime(),
        ),
    ],
    [
      'order bytes to go',
      (client) => client.mergePatch(SYNCTHING_VOLUMES, { name: 'v' }, { spec: { deletion: {} } }, inTime()),
    ],
    ['delete a volume', remove(SYNCTHING_VOLUMES, 'v')],
    [
      'write events elsewhere',
      (client) =>
        client.createEvent(
          { name: 'e', namespace: 'default', body: { involvedObject: { namespace: 'default' } } },
          inTime(),
        ),
    ],
    [
      'report in the place of another node',
      (client) => client.replaceStatus(SYNCTHING_NODES, { name: 'n2' }, nodeStatus, inTime()),
    ],
    [
      'report of another node’s copy',
      (client) => client.replaceStatus(SYNCTHING_REPLICAS, { name: 'v.n2' }, replicaStatus, inTime()),
    ],
    [
      'pretend to be a further node',
      (client) => client.create(SYNCTHING_NODES, { name: 'n9', spec: emptySpec }, inTime()),
    ],
  ] satisfies Tries)('does not let it %s', async (_what, attempt) => {
    await expect(attempt(n1)).rejects.toMatchObject({ kind: 'forbidden' });
  });

  test('lets it report of itself and of its copies', async () => {
    await n1.replaceStatus(SYNCTHING_NODES, { name: 'n1' }, nodeStatus, inTime());
    await n1.replaceStatus(SYNCTHING_REPLICAS, { name: 'v.n1' }, replicaStatus, inTime());
  });

  test('lets it make its own resource, without orders', async () => {
    await expect(n3.create(SYNCTHING_NODES, { name: 'n3', spec: nodeSpec }, inTime())).rejects.toMatchObject({
      kind: 'forbidden',
      message: expect.stringContaining('a node makes its resource without orders'),
    });
    const expelled = { ...emptySpec, expelled: false };
    await expect(n3.create(SYNCTHING_NODES, { name: 'n3', spec: expelled }, inTime())).rejects.toMatchObject({
      kind: 'forbidden',
    });
    await n3.create(SYNCTHING_NODES, { name: 'n3', spec: emptySpec }, inTime());
  });

  test('says why', async () => {
    await expect(n1.replaceStatus(SYNCTHING_NODES, { name: 'n2' }, nodeStatus, inTime())).rejects.toThrow(
      'node n1 cannot write of node n2',
    );
    await expect(
      n1.replaceStatus(SYNCTHING_REPLICAS, { name: 'v.n2' }, replicaStatus, inTime()),
    ).rejects.toThrow('node n1 cannot write of the copy v.n2');
  });

  test('that no pod has writes nothing at all', async () => {
    const own = nobody.replaceStatus(SYNCTHING_REPLICAS, { name: 'v.n1' }, replicaStatus, inTime());
    await expect(own).rejects.toThrow('does not say on which node');
  });

  test('of a node that was expelled reports no more', async () => {
    const expel = ['-n', namespace, 'patch', 'stnode', 'n1', '--type=merge', '-p'];
    await server.kubectl([...expel, '{"spec":{"expelled":true}}']);
    await expect(n1.replaceStatus(SYNCTHING_NODES, { name: 'n1' }, nodeStatus, inTime())).rejects.toThrow(
      'the node was expelled',
    );
    await server.kubectl([...expel, '{"spec":{"expelled":null}}']);
    await n1.replaceStatus(SYNCTHING_NODES, { name: 'n1' }, nodeStatus, inTime());
  });
});

describe('the token of the check before an uninstallation', () => {
  test('lists volumes and nothing else', async () => {
    const checking = await as(await server.kubeconfigOf(namespace, 'syncthing-csi-uninstall'));
    expect((await checking.list(SYNCTHING_VOLUMES, {}, inTime())).items).toHaveLength(1);
    for (const attempt of [list(SECRETS), list(PODS), list(SYNCTHING_NODES), remove(SYNCTHING_VOLUMES, 'v')])
      await expect(attempt(checking)).rejects.toMatchObject({ kind: 'forbidden' });
  });
});

describe('the token of the job that brings the definitions', () => {
  const own = 'syncthingvolumes.syncthing-csi.io';
  test.each([
    ...nobodyMay,
    ['list pods', list(PODS)],
    ['read a node', get(NODES, 'n1')],
    ['list volumes', list(SYNCTHING_VOLUMES)],
    ['list the definitions', list(CRDS)],
    ['read another’s definition', get(CRDS, 'others.example.org')],
    ['change another’s definition', patch(CRDS, 'others.example.org')],
    ['delete one of ours', remove(CRDS, own)],
    ['give itself more rights', patch(kind(RBAC, 'clusterroles', false), 'syncthing-csi-crds')],
  ] satisfies Tries)('does not let it %s', async (_what, attempt) => {
    await expect(attempt(definer)).rejects.toMatchObject({ kind: 'forbidden' });
  });

  test('lets it read and change ours', async () => {
    await get(CRDS, own)(definer);
    await patch(CRDS, own)(definer);
  });
});

describe('the token of the controller', () => {
  test.each([
    ...nobodyMay,
    ['read a pod', get(PODS)],
    [
      'make a node’s resource',
      (client) => client.create(SYNCTHING_NODES, { name: 'n9', spec: emptySpec }, inTime()),
    ],
    [
      'report in the place of a node',
      (client) => client.replaceStatus(SYNCTHING_NODES, { name: 'n1' }, nodeStatus, inTime()),
    ],
    [
      'report of a copy',
      (client) => client.replaceStatus(SYNCTHING_REPLICAS, { name: 'v.n1' }, replicaStatus, inTime()),
    ],
    ['read another CSIDriver', get(kind('storage.k8s.io/v1', 'csidrivers', false), 'other.example.org')],
    ['list leases', list(kind('coordination.k8s.io/v1', 'leases'))],
  ] satisfies Tries)('does not let it %s', async (_what, attempt) => {
    await expect(attempt(controller)).rejects.toMatchObject({ kind: 'forbidden' });
  });

  test('lets it order and grant', async () => {
    await controller.replaceStatus(SYNCTHING_VOLUMES, { name: 'v' }, volumeStatus, inTime());
    await controller.replaceSpec(SYNCTHING_REPLICAS, { name: 'v.n1' }, replicaSpec, inTime());
    await controller.replaceSpec(SYNCTHING_NODES, { name: 'n1' }, nodeSpec, inTime());
  });
});
