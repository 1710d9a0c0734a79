import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseControllerConfig, parseNodeConfig } from '../../../src/runtime/config.ts';
import { settings } from '../../../src/syncthing-config/settings.ts';
import { lint, LOCAL_VALUES, type Manifest, render } from './chart.ts';
import { containersOf, environmentOf, type Workload, workload } from './workload.ts';

const namespace = 'syncthing-csi';

function find(manifests: readonly Manifest[], kind: string): Workload {
  const [found] = manifests.filter((manifest) => manifest.kind === kind);
  return workload.parse(found);
}

describe('the chart', () => {
  test.each([
    [[], []],
    [[], [LOCAL_VALUES]],
    [['registrar.sidecar=true', 'nameSuffix="b"', 'attach=true'], []],
  ])('passes lint with %j %j', async (sets, files) => {
    expect(await lint(sets, files)).toContain('0 chart(s) failed');
  });

  test.each([
    ['driverNam="x"', "additional properties 'driverNam'"],
    ['driverName="Not A Name"', '/driverName'],
    ['hostDataDir="relative"', '/hostDataDir'],
    ['hostDataDir="/var/../etc"', '/hostDataDir'],
    ['hostDataDir="/"', '/hostDataDir'],
    ['hostDataDir="/var/lib/kubelet/x"', 'must not lie in each other'],
    ['hostDataDir="/var/lib"', 'must not lie in each other'],
    [`kubeletDir="/${'k'.repeat(70)}"`, 'longer than 107 bytes'],
    [`kubeletDir="/${'k'.repeat(55)}"`, '-reg.sock is longer than 107 bytes'],
    ['nameSuffix="B_"', '/nameSuffix'],
    ['nodeLabel="disk"', '/nodeLabel'],
    ['syncPort=70000', '/syncPort'],
    ['syncPort="22000"', '/syncPort'],
    ['logLevel="verbose"', '/logLevel'],
    ['timings.detachWait="10s"', '/timings/detachWait'],
    ['timings.detach=1', "additional properties 'detach'"],
    ['scrub.interval=-1', '/scrub/interval'],
    ['scrub.bytesPerSecond=0', '/scrub/bytesPerSecond'],
    ['storageClass.reclaimPolicy="Recycle"', '/storageClass/reclaimPolicy'],
    ['registrar.sidecar="yes"', '/registrar/sidecar'],
    ['images.driver.tag="a b"', '/images/driver/tag'],
    ['provisioner.timeout=60', '/provisioner/timeout'],
    ['attach="yes"', '/attach'],
    ['attacher.workerThreads=0', '/attacher/workerThreads'],
  ])('refuses %s by name', async (set, complaint) => {
    await expect(render(namespace, [set])).rejects.toThrow(complaint);
  });

  test('of two instances shares no name', async () => {
    const other = ['driverName="other.example.org"', 'nameSuffix="b"', 'hostDataDir="/var/other"'];
    const names = (await Promise.all([render(namespace), render(namespace, other)])).map((manifests) =>
      manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    );
    expect(names[1]).toHaveLength(names[0]?.length ?? 0);
    expect(names[1]?.filter((name) => names[0]?.includes(name))).toEqual([]);
    expect(names[1]).toContain('DaemonSet syncthing-csi-node-b');
    expect(names[1]).toContain('CSIDriver other.example.org');
    expect(names[1]).toContain('StorageClass syncthing-b');
  });

  test('runs the official images unless told otherwise', async () => {
    const manifests = await render(namespace);
    const images = ['Deployment', 'DaemonSet'].flatMap((kind) =>
      containersOf(find(manifests, kind)).map((container) => container.image),
    );
    expect(new Set(images)).toEqual(
      new Set([
        'syncthing-csi:0.1.0',
        'docker.io/syncthing/syncthing:2.1.3',
        'registry.k8s.io/sig-storage/csi-provisioner:v6.3.0',
      ]),
    );
  });

  test('names the sidecars in the versions that the tests build', async () => {
    const built = readFileSync('tools/programs/kubernetes/go.mod', 'utf8');
    const images = containersOf(find(await render(namespace, ['attach=true']), 'Deployment'));
    for (const name of ['provisioner', 'attacher']) {
      const [, version] = new RegExp(`external-${name}/v\\d+ (v\\S+)`).exec(built) ?? [];
      expect(images.map(({ image }) => image)).toContain(
        `registry.k8s.io/sig-storage/csi-${name}:${version}`,
      );
    }
  });

  test('runs nothing in the local cluster that was not built here', async () => {
    const manifests = await render(namespace, ['attach=true'], [LOCAL_VALUES]);
    for (const container of ['Deployment', 'DaemonSet'].flatMap((kind) =>
      containersOf(find(manifests, kind)),
    )) {
      expect(container.image).toMatch(/^local\.test\/[a-z-]+:dev$/);
      expect(container.imagePullPolicy).toBe('IfNotPresent');
    }
  });
});

describe('the attach step of Kubernetes', () => {
  async function facts(sets: readonly string[]) {
    const manifests = await render(namespace, sets);
    const deployment = find(manifests, 'Deployment');
    const driver = manifests.find(({ kind }) => kind === 'CSIDriver');
    const rights = JSON.stringify(manifests.filter(({ kind }) => kind === 'ClusterRole'));
    return {
      names: containersOf(deployment).map(({ name }) => name),
      isServed: parseControllerConfig(environmentOf(deployment, 'controller')).attach,
      required: z.object({ spec: z.object({ attachRequired: z.boolean() }) }).parse(driver).spec
        .attachRequired,
      seesAttachments: rights.includes('volumeattachments'),
    };
  }

  test('is off, and nothing of it is there', async () => {
    expect(await facts([])).toEqual({
      names: ['controller', 'csi-provisioner'],
      isServed: false,
      required: false,
      seesAttachments: false,
    });
  });

  test('is asked for, served and carried out together', async () => {
    expect(await facts(['attach=true'])).toEqual({
      names: ['controller', 'csi-provisioner', 'csi-attacher'],
      isServed: true,
      required: true,
      seesAttachments: true,
    });
  });
});

describe('the controller', () => {
  test('has no privilege', async () => {
    const deployment = find(await render(namespace, ['attach=true']), 'Deployment');
    expect(deployment.spec.template.spec['securityContext']).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65532,
    });
    for (const container of containersOf(deployment)) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  test('understands the environment that it is given', async () => {
    const deployment = find(
      await render(namespace, [
        'driverName="other.example.org"',
        'timings.trashGrace=5000',
        'scrub.interval=60000',
      ]),
      'Deployment',
    );
    const config = parseControllerConfig(environmentOf(deployment, 'controller'));
    expect(config).toMatchObject({
      driverName: 'other.example.org',
      csiEndpoint: 'unix:///csi/csi.sock',
      trashGraceMs: 5000,
      failoverAfterMs: 300_000,
      scrubIntervalMs: 60_000,
      metricsAddress: ':9808',
    });
  });
});

describe('the node', () => {
  const sets = [
    'hostDataDir="/data/csi"',
    'kubeletDir="/var/lib/k0s/kubelet"',
    'syncPort=22001',
    'nodeLabel="disk=fast"',
    'timings.detachWait=1',
  ];

  test('understands the environment that it is given', async () => {
    const daemonSet = find(await render(namespace, sets), 'DaemonSet');
    expect(parseNodeConfig(environmentOf(daemonSet, 'node'))).toMatchObject({
      hostDataDir: '/data/csi',
      kubeletDir: '/var/lib/k0s/kubelet',
      csiEndpoint: 'unix:///var/lib/k0s/kubelet/plugins/syncthing.csi.davepedu.com/csi.sock',
      registrationSocket: '/var/lib/k0s/kubelet/plugins_registry/syncthing.csi.davepedu.com-reg.sock',
      registration: 'built-in',
      syncthingSocket: '/data/csi/syncthing/run/api.sock',
      syncPort: 22_001,
      nodeLabel: 'disk=fast',
      detachWaitMs: 1,
    });
    expect(settings(environmentOf(daemonSet, 'syncthing-config'))).toMatchObject({
      home: '/data/csi/syncthing',
      socketPath: '/data/csi/syncthing/run/api.sock',
      listenPort: 22_001,
    });
    expect(environmentOf(daemonSet, 'syncthing')).toMatchObject({
      STHOMEDIR: '/data/csi/syncthing',
      STGUIADDRESS: '',
    });
    expect(daemonSet.spec.template.spec['nodeSelector']).toEqual({ disk: 'fast' });
  });

  test('sees its data under the same path in every container, and shares its mounts with the kubelet', async () => {
    const daemonSet = find(await render(namespace, sets), 'DaemonSet');
    const mounts = containersOf(daemonSet).flatMap((container) => container.volumeMounts);
    expect(mounts.filter((mount) => mount.name === 'host-data').map((mount) => mount.mountPath)).toEqual([
      '/data/csi',
      '/data/csi',
      '/data/csi',
    ]);
    expect(mounts.filter((mount) => mount.mountPropagation === 'Bidirectional')).toEqual([
      { name: 'kubelet', mountPath: '/var/lib/k0s/kubelet', mountPropagation: 'Bidirectional' },
    ]);
    expect(daemonSet.spec.template.spec['hostNetwork']).toBeUndefined();
  });

  test("sees the host's processes in one container alone, and only to look", async () => {
    const daemonSet = find(await render(namespace, ['registrar.sidecar=true']), 'DaemonSet');
    const { spec } = daemonSet.spec.template;
    expect([spec['hostPID'], spec['shareProcessNamespace']]).toEqual([undefined, undefined]);
    expect(spec['volumes']).toContainEqual({
      name: 'host-proc',
      hostPath: { path: '/proc', type: 'Directory' },
    });
    const mounts = containersOf(daemonSet).flatMap(({ name, volumeMounts }) =>
      volumeMounts
        .filter((mount) => mount.name === 'host-proc')
        .map((mount) => ({ container: name, ...mount })),
    );
    const { hostProc } = parseNodeConfig(environmentOf(daemonSet, 'node'));
    expect(mounts).toEqual([{ container: 'node', name: 'host-proc', mountPath: hostProc, readOnly: true }]);
  });

  test('is the only privileged container', async () => {
    const containers = containersOf(find(await render(namespace, ['registrar.sidecar=true']), 'DaemonSet'));
    const privileged = containers.filter((container) => container.securityContext['privileged'] === true);
    expect(privileged.map((container) => container.name)).toEqual(['node']);
    expect(containers.map((container) => container.name)).toContain('node-driver-registrar');
  });

  test('keeps every container but its own from the token and from what it does not need', async () => {
    const daemonSet = find(await render(namespace, ['registrar.sidecar=true']), 'DaemonSet');
    expect(daemonSet.spec.template.spec['automountServiceAccountToken']).toBe(false);
    const containers = containersOf(daemonSet);
    const withToken = containers.filter(({ volumeMounts }) =>
      volumeMounts.some(({ name }) => name === 'token'),
    );
    expect(withToken.map(({ name }) => name)).toEqual(['node']);
    for (const { name, securityContext } of containers) {
      expect(securityContext['readOnlyRootFilesystem']).toBe(true);
      if (name === 'node') continue;
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        seccompProfile: { type: 'RuntimeDefault' },
        capabilities: { drop: ['ALL'] },
      });
    }
    const syncthing = containers.find(({ name }) => name === 'syncthing');
    expect(syncthing?.securityContext['capabilities']).toEqual({
      drop: ['ALL'],
      add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'],
    });
  });

  test('is held to its own resources by a policy, unless the cluster cannot have one', async () => {
    const kinds = async (sets: readonly string[]) =>
      (await render(namespace, sets)).map(({ kind }) => kind).filter((kind) => kind.startsWith('Validating'));
    expect(await kinds([])).toEqual(['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']);
    expect(await kinds(['nodePolicy.create=false'])).toEqual([]);
  });

  test('leaves registration to the sidecar where there is one', async () => {
    const daemonSet = find(await render(namespace, ['registrar.sidecar=true']), 'DaemonSet');
    expect(parseNodeConfig(environmentOf(daemonSet, 'node')).registration).toBe('sidecar');
  });
});
