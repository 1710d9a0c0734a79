import { beforeEach, describe, expect, test } from 'vitest';
import { volume, VOLUME_ID } from '../../test/builders/volume-view.ts';
import { createFakeKubernetes, type FakeKubernetes } from '../kubernetes/fake.ts';
import { PERSISTENT_VOLUMES, PODS } from '../kubernetes/resource-kind.ts';
import { createFakeClock } from '../runtime/fake-clock.ts';
import { podObstacle } from './pods.ts';

const DRIVER = 'syncthing.example.com';
const CSI = { driver: DRIVER, volumeHandle: VOLUME_ID };
const CLAIM = { namespace: 'default', name: 'data' };

describe('the live look before a grant', () => {
  let kubernetes: FakeKubernetes;

  beforeEach(() => {
    kubernetes = createFakeKubernetes({ clock: createFakeClock() });
  });

  function persistentVolume(
    given: { readonly name?: string; readonly csi?: object; readonly claimRef?: object } = {},
  ): void {
    const { name = 'pvc-1', csi = CSI, claimRef = CLAIM } = given;
    kubernetes.seed(PERSISTENT_VOLUMES, { name, spec: { csi, claimRef } });
  }
  function pod(
    volumes: readonly object[],
    given: { readonly node?: string; readonly phase?: string; readonly namespace?: string } = {},
  ): void {
    const { node = 'n1', phase = 'Running', namespace = 'default' } = given;
    kubernetes.seed(PODS, { name: 'web-0', namespace, spec: { nodeName: node, volumes }, status: { phase } });
  }
  const uses = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
  function look(
    spec: Parameters<typeof volume>[0] = { spec: { claim: CLAIM } },
  ): Promise<string | undefined> {
    const { signal } = new AbortController();
    return podObstacle({ client: kubernetes, driverName: DRIVER, volume: volume(spec), node: 'n1', signal });
  }

  test('a pod of that node uses the claim', async () => {
    persistentVolume();
    pod(uses, { phase: 'Pending' });
    expect(await look()).toBeUndefined();
    expect(kubernetes.calls.map(({ verb, kind }) => `${verb} ${kind}`).sort()).toEqual([
      'get PersistentVolume',
      'list Pod',
    ]);
  });

  test('a generic ephemeral volume is a claim too', async () => {
    persistentVolume({ claimRef: { namespace: 'default', name: 'web-0-scratch' } });
    pod([{ name: 'scratch', ephemeral: {} }]);
    expect(await look({})).toBeUndefined();
  });

  test.each([
    ['is on another node', uses, { node: 'n2' }],
    ['is over', uses, { phase: 'Succeeded' }],
    ['failed', uses, { phase: 'Failed' }],
    ['is of another namespace', uses, { namespace: 'other' }],
    ['uses another claim', [{ name: 'data', persistentVolumeClaim: { claimName: 'other' } }], {}],
    ['uses no claim', [], {}],
  ])('not a pod that %s', async (_what, volumes, given) => {
    persistentVolume();
    pod(volumes, given);
    expect(await look()).toContain('no pod there uses the claim default/data');
  });

  test('the claim is the one that the PersistentVolume is bound to now', async () => {
    persistentVolume({ claimRef: { namespace: 'restored', name: 'data' } });
    pod(uses);
    expect(await look()).toContain('restored/data');
    pod(uses, { namespace: 'restored' });
    expect(await look()).toBeUndefined();
  });

  test('a PersistentVolume made by hand is found by its volume id', async () => {
    persistentVolume({ name: 'by-hand' });
    expect(await look()).toContain('default/data');
    pod(uses);
    expect(await look()).toBeUndefined();
  });

  test.each([
    ['there is none', undefined],
    ['it is of another driver', { driver: 'other.example.com', volumeHandle: VOLUME_ID }],
    ['it is of another volume', { ...CSI, volumeHandle: 'v-bbbbbbbbbbbbbbbb-0123456789ab' }],
  ])('nobody can be asked for where no PersistentVolume names the volume: %s', async (_what, csi) => {
    if (csi !== undefined) persistentVolume({ csi });
    expect(await look()).toBeUndefined();
  });

  test('a name that no object can have is not asked for', async () => {
    expect(await look({ spec: { requestName: 'a/../b \u00fc' } })).toBeUndefined();
    expect(kubernetes.calls.map(({ verb }) => verb)).toEqual(['list']);
  });

  test('a further PersistentVolume of the same volume has a claim, too', async () => {
    persistentVolume();
    persistentVolume({ name: 'to-read', claimRef: { namespace: 'readers', name: 'data' } });
    expect(await look()).toContain('default/data');
    pod(uses, { namespace: 'readers', node: 'n2' });
    expect(await look()).toContain('default/data');
    pod(uses, { namespace: 'readers' });
    expect(await look()).toBeUndefined();
  });

  test('an unbound PersistentVolume belongs to no pod', async () => {
    kubernetes.seed(PERSISTENT_VOLUMES, { name: 'pvc-1', spec: { csi: CSI } });
    expect(await look()).toContain('not bound');
  });
});
