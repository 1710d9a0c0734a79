import { beforeEach, describe, expect, test } from 'vitest';
import { grantTo, readerOn, volume, VOLUME_ID } from '../../test/builders/volume-view.ts';
import { createFakeKubernetes, type FakeKubernetes } from '../kubernetes/fake.ts';
import { PERSISTENT_VOLUMES, PODS } from '../kubernetes/resource-kind.ts';
import { createFakeClock } from '../runtime/fake-clock.ts';
import { confirmPods, type ConfirmedProposal } from './confirm-pods.ts';
import type { Proposal } from './plan-volume.ts';

const DRIVER = 'syncthing.example.com';
const CLAIM = { namespace: 'default', name: 'data' };

describe('a proposal, after the live look at the pods', () => {
  let kubernetes: FakeKubernetes;

  beforeEach(() => {
    kubernetes = createFakeKubernetes({ clock: createFakeClock() });
    const csi = { driver: DRIVER, volumeHandle: VOLUME_ID };
    kubernetes.seed(PERSISTENT_VOLUMES, { name: 'pvc-1', spec: { csi, claimRef: CLAIM } });
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
    for (const nodeName of ['n1', 'n2'])
      kubernetes.seed(PODS, { name: `web-${nodeName}`, namespace: 'default', spec: { nodeName, volumes } });
  });

  function confirm(proposal: Proposal): Promise<ConfirmedProposal> {
    const { signal } = new AbortController();
    const given = volume({ spec: { claim: CLAIM } });
    return confirmPods({ client: kubernetes, driverName: DRIVER }, { volume: given, proposal, signal });
  }

  test('a grant stands where a pod of its node uses the claim', async () => {
    const proposal: Proposal = { kind: 'give', grant: grantTo('n1', 2) };
    expect(await confirm(proposal)).toEqual({ kind: 'confirmed', proposal });
    expect(await confirm({ kind: 'give', grant: grantTo('n3', 2) })).toEqual({
      kind: 'obstacle',
      obstacle: expect.stringContaining('n3 asks for the volume'),
    });
  });

  test('readers without a pod do not keep the others waiting', async () => {
    const [one, two, three, four] = [readerOn('n1'), readerOn('n2'), readerOn('n3'), readerOn('n4')];
    expect(await confirm({ kind: 'admit', readers: [one, three, two] })).toEqual({
      kind: 'confirmed',
      proposal: { kind: 'admit', readers: [one, two] },
    });
    expect(await confirm({ kind: 'admit', readers: [three, four] })).toEqual({
      kind: 'obstacle',
      obstacle: expect.stringMatching(/n3 asks .*; n4 asks /),
    });
  });
});
