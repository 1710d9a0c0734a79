import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { settings } from '../../../src/syncthing-config/settings.ts';
import { renderManifests } from '../../../tools/manifests/render-manifests.ts';
import { program } from '../kubernetes/programs.ts';
import { type Manifest, notes, render } from './chart.ts';
import { containersOf, environmentOf, workload } from './workload.ts';

const namespace = 'syncthing-csi';
const key = 'a-key-of-24-characters-x';
const template = '<configuration><gui><apikey>theirs</apikey></gui><options/></configuration>';

function named(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

function kinds(manifests: readonly Manifest[]): readonly string[] {
  return [...new Set(manifests.map(({ kind }) => kind))].toSorted();
}

const secret = z.object({ stringData: z.record(z.string(), z.string()) });
const annotated = z.object({
  spec: z.object({
    template: z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) }),
  }),
});

describe('Syncthing’s key and options', () => {
  test('there is no Secret without them', async () => {
    expect(kinds(await render(namespace))).not.toContain('Secret');
  });

  test('go through a Secret alone, and reach the container that writes the configuration', async () => {
    const sets = [`syncthing.apiKey="${key}"`, `syncthing.defaultConfig="${template}"`, 'nameSuffix="b"'];
    const manifests = await render(namespace, sets);
    const { stringData } = secret.parse(named(manifests, 'Secret', 'syncthing-csi-syncthing-b'));
    expect(stringData).toEqual({
      apiKey: key,
      'config.xml': '<configuration><options/></configuration>',
    });
    const others = JSON.stringify(manifests.filter(({ kind }) => kind !== 'Secret'));
    expect(others).not.toContain(key);
    expect(others).not.toContain('theirs');
    const daemonSet = workload.parse(named(manifests, 'DaemonSet', 'syncthing-csi-node-b'));
    const environment = environmentOf(daemonSet, 'syncthing-config');
    expect(settings({ ...environment, SYNCTHING_API_KEY: key })).toMatchObject({
      apiKey: key,
      templatePath: '/template/config.xml',
    });
    const mounts = containersOf(daemonSet).flatMap(({ name, volumeMounts }) =>
      volumeMounts.filter((mount) => mount.name === 'template').map(() => name),
    );
    expect(mounts).toEqual(['syncthing-config']);
  });

  test('replace the pods when they change, and only then', async () => {
    const digest = async (...sets: readonly string[]) => {
      const manifest = named(await render(namespace, sets), 'DaemonSet', 'syncthing-csi-node');
      return annotated.parse(manifest).spec.template.metadata.annotations['checksum/syncthing'];
    };
    const first = await digest(`syncthing.apiKey="${key}"`);
    expect(first).toMatch(/^[0-9a-f]{8}$/);
    expect(await digest(`syncthing.apiKey="${key}"`, 'logLevel="debug"')).toBe(first);
    expect(await digest(`syncthing.apiKey="${key}x"`)).not.toBe(first);
    expect(await digest('logLevel="debug"')).toBeUndefined();
  });

  test.each([
    [['syncthing.apiKey="short"'], 'syncthing.apiKey must be'],
    [[`syncthing.apiKey="${key}"`, 'syncthing.secretName="mine"'], 'both given'],
    [['syncthing.defaultConfig="default_config.xml"'], 'syncthing.defaultConfig must be the text'],
  ])('%j is refused', async (sets, complaint) => {
    await expect(render(namespace, sets)).rejects.toThrow(complaint);
  });
});

describe('what is off until it is wanted', () => {
  const optional = ['NetworkPolicy', 'PodDisruptionBudget', 'Service', 'ServiceMonitor'];

  test('is not there', async () => {
    const found = kinds(await render(namespace));
    expect(found.filter((kind) => optional.includes(kind))).toEqual([]);
  });

  test('is there when it is', async () => {
    const manifests = await render(namespace, [
      'networkPolicy.create=true',
      'metrics.serviceMonitor.create=true',
      'metrics.serviceMonitor.labels={"release":"prometheus"}',
      'metrics.dashboard.create=true',
      'controller.replicas=2',
    ]);
    expect(kinds(manifests)).toEqual(expect.arrayContaining(optional));
    const monitor = named(manifests, 'ServiceMonitor', 'syncthing-csi-metrics');
    expect(monitor.metadata['labels']).toMatchObject({ release: 'prometheus' });
    const dashboard = named(manifests, 'ConfigMap', 'syncthing-csi-dashboard');
    expect(dashboard.metadata['labels']).toMatchObject({ grafana_dashboard: '1' });
    const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(dashboard);
    expect(JSON.parse(data['syncthing-csi.json'] ?? '')).toMatchObject({ uid: 'syncthing-csi' });
  });

  test('a budget is for more than one controller, and can be left out', async () => {
    const found = kinds(
      await render(namespace, ['controller.replicas=2', 'podDisruptionBudget.create=false']),
    );
    expect(found).not.toContain('PodDisruptionBudget');
  });

  test('the NetworkPolicy lets only the instance’s own nodes in to Syncthing', async () => {
    const from = '[{"namespaceSelector":{"matchLabels":{"name":"monitoring"}}}]';
    const manifests = await render(namespace, [
      'networkPolicy.create=true',
      `networkPolicy.metricsFrom=${from}`,
      'syncPort=22001',
      'health.port=9000',
    ]);
    const policy = named(manifests, 'NetworkPolicy', 'syncthing-csi-node');
    const own = {
      'app.kubernetes.io/name': 'syncthing-csi',
      'app.kubernetes.io/instance': 'release',
      'app.kubernetes.io/component': 'node',
    };
    expect(policy['spec']).toEqual({
      podSelector: { matchLabels: own },
      policyTypes: ['Ingress'],
      ingress: [
        { from: [{ podSelector: { matchLabels: own } }], ports: [{ protocol: 'TCP', port: 22_001 }] },
        { from: JSON.parse(from) as unknown, ports: [{ protocol: 'TCP', port: 9000 }] },
      ],
    });
  });
});

test('the dashboard asks for metrics that the driver has', () => {
  const dashboard = readFileSync('deploy/chart/dashboards/syncthing-csi.json', 'utf8');
  const asked = new Set(dashboard.match(/\b(?:syncthing_csi|csi_plugin)_[a-z_]+/g));
  const sources = ['csi/measure-calls', 'controller/measure', 'node/helpers', 'node/run-node'];
  const text = sources.map((file) => readFileSync(`src/${file}.ts`, 'utf8')).join('\n');
  const served = new Set(text.match(/\b(?:syncthing_csi|csi_plugin)_[a-z_]+/g));
  expect(asked.size).toBeGreaterThan(8);
  for (const name of asked) expect(served).toContain(name.replace(/_bucket$/, ''));
});

describe('what helm says in the end', () => {
  test('has the names of the instance', async () => {
    const said = await notes(namespace, [
      'driverName="other.example.org"',
      'nameSuffix="b"',
      'hostDataDir="/data"',
    ]);
    expect(said).toMatch(/^The driver other\.example\.org is installed\.\n/);
    for (const part of [
      'kubectl label node NODE other.example.org/syncthing-storage=yes',
      'the StorageClass "syncthing-b"',
      'pods of syncthing-csi-node-b are',
      'kubectl -n syncthing-csi get stvol',
      'helm test release -n syncthing-csi',
      'the files in /data on',
    ])
      expect(said).toContain(part);
    expect(said).not.toContain('helm show crds');
    expect(said).not.toMatch(/\n\n\n/);
  });

  test('says what is left to do, and nothing of what is not there', async () => {
    const said = await notes(namespace, ['storageClass.create=false', 'crds.upgrade=false']);
    expect(said).toContain('Make a StorageClass with the provisioner syncthing.csi.davepedu.com');
    expect(said).toContain('helm show crds');
    expect(said).not.toContain('helm test');
    expect(await notes(namespace, ['test.create=false'])).not.toContain('helm test');
  });
});

describe('more storage classes', () => {
  test('are the driver’s own', async () => {
    const more = '{"kept":{"reclaimPolicy":"Retain","parameters":{"replicas":2}},"plain":{}}';
    const manifests = await render(namespace, [`moreStorageClasses=${more}`]);
    expect(named(manifests, 'StorageClass', 'kept')).toMatchObject({
      provisioner: 'syncthing.csi.davepedu.com',
      reclaimPolicy: 'Retain',
      parameters: { replicas: '2' },
    });
    expect(named(manifests, 'StorageClass', 'plain')).toMatchObject({ reclaimPolicy: 'Delete' });
  });

  test('do not have the name of the first', async () => {
    const rendering = render(namespace, ['moreStorageClasses={"syncthing":{}}']);
    await expect(rendering).rejects.toThrow('moreStorageClasses has syncthing');
  });
});

describe('hooks', () => {
  const hook = z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) });

  function hooksOf(manifests: readonly Manifest[]): readonly string[] {
    return manifests.flatMap((each) => {
      const parsed = hook.safeParse(each);
      const event = parsed.success ? parsed.data.metadata.annotations['helm.sh/hook'] : undefined;
      return event === undefined ? [] : [`${event} ${each.kind}`];
    });
  }

  test('bring the definitions up to date, test a volume, and look whether volumes are in use', async () => {
    expect(hooksOf(await render(namespace)).toSorted()).toEqual(
      [
        'pre-install,pre-upgrade ClusterRole',
        'pre-install,pre-upgrade ClusterRoleBinding',
        'pre-install,pre-upgrade ConfigMap',
        'pre-install,pre-upgrade Job',
        'pre-install,pre-upgrade ServiceAccount',
        'pre-delete Job',
        'test PersistentVolumeClaim',
        'test Pod',
      ].toSorted(),
    );
  });

  test('can be left out', async () => {
    const without = ['crds.upgrade=false', 'uninstallCheck.create=false'];
    expect(hooksOf(await render(namespace, [...without, 'test.create=false']))).toEqual([]);
    expect(hooksOf(await render(namespace, [...without, 'storageClass.create=false']))).toEqual([]);
  });

  test('have every definition of the chart', async () => {
    const { data } = z
      .object({ data: z.record(z.string(), z.string()) })
      .parse(named(await render(namespace), 'ConfigMap', 'syncthing-csi-crds'));
    expect(Object.keys(data)).toEqual([
      'syncthingnodes.json',
      'syncthingreplicas.json',
      'syncthingvolumes.json',
    ]);
    for (const text of Object.values(data))
      expect(JSON.parse(text)).toMatchObject({ kind: 'CustomResourceDefinition' });
  });
});

test.each([
  ['MicroK8s', '/var/snap/microk8s/common/var/lib/kubelet'],
  ['k0s', '/var/lib/k0s/kubelet'],
  ['K3s, Talos and kubeadm', '/var/lib/kubelet'],
])('the kubelet’s directory of %s', async (_name, kubeletDir) => {
  const manifests = await render(namespace, [`kubeletDir="${kubeletDir}"`]);
  const daemonSet = workload.parse(named(manifests, 'DaemonSet', 'syncthing-csi-node'));
  expect(environmentOf(daemonSet, 'node')['CSI_ENDPOINT']).toBe(
    `unix://${kubeletDir}/plugins/syncthing.csi.davepedu.com/csi.sock`,
  );
});

test('priority classes, tolerations and resources are the user’s', async () => {
  const toleration = '[{"key":"edge","operator":"Exists"}]';
  const manifests = await render(namespace, [
    'node.priorityClassName="low"',
    `node.tolerations=${toleration}`,
    'node.resources.limits={"memory":"1Gi"}',
    'controller.priorityClassName="high"',
    'controller.tolerations=[]',
  ]);
  const node = workload.parse(named(manifests, 'DaemonSet', 'syncthing-csi-node'));
  expect(node.spec.template.spec).toMatchObject({
    priorityClassName: 'low',
    tolerations: JSON.parse(toleration) as unknown,
  });
  const controller = workload.parse(named(manifests, 'Deployment', 'syncthing-csi-controller'));
  expect(controller.spec.template.spec['priorityClassName']).toBe('high');
  expect(controller.spec.template.spec['tolerations']).toBeUndefined();
});

test('plain manifests have everything but hooks, and a namespace that lets them in', async () => {
  const text = await renderManifests({
    helm: program('helm'),
    chart: path.resolve('deploy/chart'),
    namespace: 'plain',
    signal: AbortSignal.timeout(60_000),
  });
  expect(text).toMatch(/^apiVersion: v1\nkind: Namespace\nmetadata:\n {2}name: plain\n/);
  expect(text.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(3);
  expect(text).not.toContain('helm.sh/hook');
  expect(text.match(/^kind: (?:DaemonSet|Deployment|CSIDriver|StorageClass)$/gm)).toHaveLength(4);
});
