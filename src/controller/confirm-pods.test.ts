import { beforeEach, describe, expect, test } from 'vitest';
import {
  grantTo,
  readerOn,
  replica,
  view,
  volume,
  VOLUME_ID,
  writerOn,
} from '../../test/builders/volume-view.ts';
import type { SyncthingVolumeStatus } from '../desired/volume.ts';
import { defaultHandoffSettings } from '../handoff/settings.ts';
import { createFakeKubernetes, type FakeKubernetes } from '../kubernetes/fake.ts';
import { PERSISTENT_VOLUMES, PODS } from '../kubernetes/resource-kind.ts';
import { createFakeClock } from '../runtime/fake-clock.ts';
import { silentLogger } from '../runtime/logger.ts';
import { confirmPods, invited, type ConfirmedProposal } from './confirm-pods.ts';
import type { OrderAction, Proposal } from './plan-volume.ts';

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

  test('nor do writers beside others, or those who read beside them', async () => {
    const [one, two, three] = [writerOn('n1'), readerOn('n2'), writerOn('n3')];
    expect(await confirm({ kind: 'share', writers: [one, three], readers: [two] })).toEqual({
      kind: 'confirmed',
      proposal: { kind: 'share', writers: [one], readers: [two] },
    });
    expect(await confirm({ kind: 'share', writers: [three], readers: [] })).toMatchObject({
      kind: 'obstacle',
    });
  });

  describe('before a copy is made for a node that asks', () => {
    const { spec } = replica('n3', []);
    async function nodesOf(
      actions: readonly OrderAction[],
      status: Partial<SyncthingVolumeStatus> = {},
    ): Promise<readonly string[]> {
      const seen = {
        ...view({ volume: volume({ spec: { claim: CLAIM }, status }), replicas: [] }),
        settings: { ...defaultHandoffSettings, attach: true },
      };
      const ctx = { client: kubernetes, driverName: DRIVER, log: silentLogger };
      const { signal } = new AbortController();
      const left = await invited(ctx, { view: seen, actions, signal });
      return left.map((action) => (action.kind === 'create' ? action.spec.node : action.kind));
    }
    function client(node: string): OrderAction {
      return { kind: 'create', spec: { ...spec, node, role: 'client' } };
    }

    test('only one with a pod that uses the claim gets one', async () => {
      expect(await nodesOf([client('n1'), client('n3'), client('n2')])).toEqual(['n1', 'n2']);
    });

    test('a data node needs no pod, nor does any other order', async () => {
      const drop: OrderAction = { kind: 'drop', replica: replica('n9', []) };
      expect(await nodesOf([{ kind: 'create', spec: { ...spec, role: 'data' } }, drop])).toEqual([
        'n3',
        'drop',
      ]);
    });

    test.each([
      ['it was given the volume', { grant: grantTo('n3', 1) }],
      ['it reads', { readers: [readerOn('n3')] }],
      ['it writes beside others', { writers: [writerOn('n3')] }],
      [
        'Kubernetes attached the volume there',
        { published: [{ node: 'n3', since: '2026-01-01T00:00:00.000Z' }] },
      ],
    ])('%s: it gets one', async (_what, status) => {
      expect(await nodesOf([client('n3')], status)).toEqual(['n3']);
    });
  });
});
