import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Manifest, render } from './chart.ts';
import { type Container, workload, type Workload } from './workload.ts';

/** What holds for every pod that the chart makes, those of hooks and tests among them, and who selects which of them. */
const everything = [
  'attach=true',
  'registrar.sidecar=true',
  'nameSuffix="b"',
  'controller.replicas=2',
  'health.port=9000',
  'metrics.serviceMonitor.create=true',
  'syncthing.defaultConfig="<configuration/>"',
  'imagePullSecrets=[{"name":"pull"}]',
];

const labels = z.record(z.string(), z.string());
/** With what it belongs to. */
type PodTemplate = Workload['spec']['template'] & { readonly of: string };

let manifests: readonly Manifest[];
let pods: readonly PodTemplate[];

beforeAll(async () => {
  manifests = await render('syncthing-csi', everything);
  pods = manifests.flatMap((manifest) => {
    const { kind, metadata } = manifest;
    const parsed = workload.safeParse(kind === 'Pod' ? { spec: { template: manifest } } : manifest);
    return parsed.success ? [{ of: `${kind} ${metadata.name}`, ...parsed.data.spec.template }] : [];
  });
});

/** The kind and name of each whose pods have these labels. */
function selectedBy(selector: Readonly<Record<string, string>>): readonly string[] {
  const isSelected = (pod: PodTemplate) =>
    Object.entries(selector).every(([name, value]) => pod.metadata.labels[name] === value);
  return pods.filter(isSelected).map(({ of }) => of);
}

function specOf<Schema extends z.ZodType>(kind: string, schema: Schema): z.infer<Schema> {
  const [found, ...more] = manifests.filter((manifest) => manifest.kind === kind);
  expect(more).toEqual([]);
  return schema.parse(found?.['spec']);
}

describe('every pod of the chart', () => {
  test('is looked at', () => {
    expect(pods.map(({ of }) => of).toSorted()).toEqual([
      'DaemonSet syncthing-csi-node-b',
      'Deployment syncthing-csi-controller-b',
      'Job syncthing-csi-crds-b',
      'Job syncthing-csi-uninstall-b',
      'Pod syncthing-csi-test-b',
    ]);
    expect(manifests.filter(({ kind }) => /Set$|^Deployment$|Job$|^Pod$/.test(kind))).toHaveLength(
      pods.length,
    );
  });

  test('is pulled with the secrets that were given', () => {
    for (const pod of pods) expect(pod.spec['imagePullSecrets'], pod.of).toEqual([{ name: 'pull' }]);
  });

  test('has containers that can do no more than they need; node alone is privileged', () => {
    for (const { of, spec } of pods) {
      const ofPod = z.looseObject({}).default({}).parse(spec['securityContext']);
      for (const container of containersIn(spec)) expectHeld(`${of}, ${container.name}`, ofPod, container);
    }
  });

  test('but those of the nodes runs as nobody', () => {
    for (const { of, spec } of pods.filter((pod) => !pod.of.startsWith('DaemonSet'))) {
      expect(spec['securityContext'], of).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 65_532,
        runAsGroup: 65_532,
      });
      for (const { securityContext: own } of containersIn(spec)) expect(own['runAsUser'], of).toBeUndefined();
    }
  });
});

function containersIn({ initContainers, containers }: PodTemplate['spec']): readonly Container[] {
  return [...initContainers, ...containers];
}

function expectHeld(what: string, ofPod: object, { name, securityContext }: Container): void {
  const context: Readonly<Record<string, unknown>> = { ...ofPod, ...securityContext };
  expect(context['readOnlyRootFilesystem'], what).toBe(true);
  expect(context['privileged'] ?? false, what).toBe(name === 'node');
  if (name === 'node') return;
  expect(context, what).toMatchObject({
    allowPrivilegeEscalation: false,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities: { drop: ['ALL'] },
  });
}

const selector = z.object({ matchLabels: labels });

describe('what selects pods means', () => {
  test('the workload’s own, by each workload', () => {
    for (const kind of ['Deployment', 'DaemonSet']) {
      const { matchLabels } = specOf(kind, z.object({ selector })).selector;
      expect(selectedBy(matchLabels)).toEqual([expect.stringMatching(`^${kind} `)]);
    }
  });

  test('the controller’s, by the budget', () => {
    const { matchLabels } = specOf('PodDisruptionBudget', z.object({ selector })).selector;
    expect(selectedBy(matchLabels)).toEqual(['Deployment syncthing-csi-controller-b']);
  });

  test('the workloads’ and of nothing that runs once, by the Service of the metrics', () => {
    const { selector: selected } = specOf('Service', z.object({ selector: labels }));
    expect(selectedBy(selected).toSorted()).toEqual([
      'DaemonSet syncthing-csi-node-b',
      'Deployment syncthing-csi-controller-b',
    ]);
  });
});

test('the ServiceMonitor means that Service, and its port the one at which the pods answer', () => {
  const endpoints = z.array(z.object({ port: z.string(), path: z.string() }));
  const monitor = specOf('ServiceMonitor', z.object({ selector, endpoints }));
  const service = manifests.find(({ kind }) => kind === 'Service');
  expect(service?.metadata['labels']).toMatchObject(monitor.selector.matchLabels);
  const servicePort = z.object({ name: z.string(), port: z.number(), targetPort: z.string() });
  const [served] = specOf('Service', z.object({ ports: z.array(servicePort) })).ports;
  expect(monitor.endpoints).toEqual([{ port: served?.name, path: '/metrics' }]);
  expect(served?.port).toBe(9000);
  const { selector: selected } = specOf('Service', z.object({ selector: labels }));
  for (const { of, spec } of pods.filter((pod) => selectedBy(selected).includes(pod.of))) {
    const answering = containersIn(spec).flatMap(({ ports }) =>
      ports.filter(({ name }) => name === served?.targetPort),
    );
    expect(answering, of).toEqual([{ name: 'health', containerPort: 9000 }]);
  }
});
