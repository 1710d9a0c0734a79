import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  call,
  ControllerUnderTest,
  createRequest,
  LABEL,
} from '../../../test/builders/controller-under-test.ts';
import type { CreateVolumeRequest__Output } from '../../csi/gen/csi/v1/CreateVolumeRequest.ts';
import type { ListVolumesResponse } from '../../csi/gen/csi/v1/ListVolumesResponse.ts';
import { KubernetesError } from '../../kubernetes/errors.ts';
import { CLUSTER_NODES, SYNCTHING_VOLUMES } from '../../kubernetes/resource-kind.ts';
import { createVolume } from './create-volume.ts';
import { deleteVolume } from './delete-volume.ts';
import { listVolumes } from './list-volumes.ts';
import { validateVolumeCapabilities } from './validate-volume-capabilities.ts';

describe('the CSI calls of the controller', () => {
  let world: ControllerUnderTest;

  beforeEach(async () => {
    world = new ControllerUnderTest(['n1', 'n2']);
    await world.start();
  });
  afterEach(() => world.stop());

  function create(request: CreateVolumeRequest__Output) {
    return createVolume(world.parts.context, request, call);
  }
  async function listed(
    request: { readonly maxEntries?: number; readonly startingToken?: string } = {},
  ): Promise<ListVolumesResponse> {
    return listVolumes(world.parts.context, { maxEntries: 0, startingToken: '', ...request }, call);
  }
  function idsOf(answer: ListVolumesResponse): readonly (string | undefined)[] {
    return (answer.entries ?? []).map((entry) => entry.volume?.volumeId);
  }

  describe('CreateVolume', () => {
    test('makes the resource with its claim and without a finalizer, and answers the size', async () => {
      const { volume } = await create(createRequest('pvc-1', { replicas: '2', onDelete: 'archive' }));
      expect(volume?.capacityBytes).toBe('1073741824');
      const made = await world.volume(volume?.volumeId ?? '');
      expect(made.finalizers).toEqual([]);
      expect(made.spec).toMatchObject({
        requestName: 'pvc-1',
        capacityBytes: 1_073_741_824,
        replicas: 2,
        access: 'exclusive',
        onDelete: 'archive',
        claim: { namespace: 'default', name: 'pvc-1' },
      });
    });

    test('the same request again is the same volume, also when no node could take a new one', async () => {
      const first = await create(createRequest('pvc-1'));
      for (const node of world.cluster.nodes) node.freeBytes = 0;
      for (let round = 0; round < 3; round += 1) await world.round();
      expect(await create(createRequest('pvc-1'))).toEqual(first);
    });

    test.each([
      [
        'another size',
        { capacityRange: { requiredBytes: '2147483648', limitBytes: '0' } },
        /1073741824 bytes/,
      ],
      ['other copies', { parameters: { replicas: '1' } }, /replicas: one on every data node/],
      ['another end', { parameters: { onDelete: 'archive' } }, /onDelete: delete/],
    ])('the same name with %s is ALREADY_EXISTS', async (_what, given, message) => {
      await create(createRequest('pvc-1'));
      const other = { ...createRequest('pvc-1'), ...given };
      await expect(create(other)).rejects.toMatchObject({
        kind: 'already-exists',
        message: expect.stringMatching(message),
      });
    });

    test('what the provisioner adds about the claim makes no other volume', async () => {
      const first = await create(createRequest('pvc-1'));
      expect(await create({ ...createRequest('pvc-1'), parameters: {} })).toEqual(first);
    });

    test('access: eventual makes a volume of that kind, for good', async () => {
      const { volume } = await create(createRequest('pvc-1', { access: 'eventual' }));
      expect(await world.volume(volume?.volumeId ?? '')).toMatchObject({ spec: { access: 'eventual' } });
      await expect(create(createRequest('pvc-1'))).rejects.toMatchObject({ kind: 'already-exists' });
    });

    test('no data node: says how to make one', async () => {
      for (const name of ['n1', 'n2']) world.setNode(name, { labelled: false });
      await world.round();
      await expect(create(createRequest('pvc-1'))).rejects.toMatchObject({
        kind: 'resource-exhausted',
        message: `no node is labelled ${LABEL}=yes: kubectl label node NAME ${LABEL}=yes`,
      });
    });

    test('none that is fit: names each and its reason', async () => {
      world.setNode('n1', { labelled: false });
      world.node('n2').crash();
      const labels = { [LABEL]: 'yes' };
      world.kubernetes.seed(CLUSTER_NODES, { name: 'n9', labels });
      for (let round = 0; round < 70; round += 1) await world.round();
      await expect(create(createRequest('pvc-1'))).rejects.toMatchObject({
        kind: 'resource-exhausted',
        message: expect.stringMatching(
          /n2: its driver pod has not reported since .*; n9: no driver pod has reported/,
        ),
      });
    });

    test('larger than any disk: names the nodes and what they have', async () => {
      world.node('n1').freeBytes = 1000;
      world.node('n2').freeBytes = 2000;
      await world.round();
      await world.round();
      await expect(create(createRequest('pvc-1'))).rejects.toMatchObject({
        kind: 'resource-exhausted',
        message:
          'no data node has the 1073741824 bytes that are asked for (n1: 1000 bytes free; n2: 2000 bytes free)',
      });
    });

    test('more copies than data nodes is allowed, and said', async () => {
      const volumeId = await world.createVolume('pvc-1', { replicas: '5' });
      await world.until(async () => {
        const { conditions } = (await world.volume(volumeId)).status;
        return conditions.some(
          ({ reason, message }) => reason === 'TooFewDataNodes' && message.startsWith('2 of 5 copies'),
        );
      });
    });

    test('the API server is away: to be repeated', async () => {
      world.kubernetes.intercept = ({ verb }) => {
        return verb === 'create' ? new KubernetesError('unreachable', 'connection refused') : undefined;
      };
      await expect(create(createRequest('pvc-1'))).rejects.toMatchObject({ kind: 'unavailable' });
      world.kubernetes.intercept = undefined;
    });
  });

  describe('ListVolumes', () => {
    test('pages by volume id, without those that are deleted', async () => {
      const ids = [];
      for (const name of ['a', 'b', 'c', 'd']) ids.push(await world.createVolume(name));
      const [gone, ...left] = ids.toSorted();
      await world.deleteVolume(gone ?? '');
      expect(idsOf(await listed())).toEqual(left);
      const first = await listed({ maxEntries: 2 });
      expect(idsOf(first)).toEqual(left.slice(0, 2));
      const second = await listed({ maxEntries: 2, startingToken: first.nextToken ?? '' });
      expect(idsOf(second)).toEqual(left.slice(2));
      expect(second.nextToken).toBe('');
    });

    test('a token that is none of ours is ABORTED', async () => {
      await expect(listed({ startingToken: 'invalid-token' })).rejects.toMatchObject({ kind: 'aborted' });
    });
  });

  describe('DeleteVolume', () => {
    test.each(['never-heard-of-it', 'v-aaaaaaaaaaaaaaaa-0123456789ab'])(
      '%s is deleted already',
      async (volumeId) => {
        expect(await deleteVolume(world.parts.context, { volumeId, secrets: {} }, call)).toEqual({});
      },
    );

    test('an id of an earlier volume of the name touches nothing', async () => {
      const volumeId = await world.createVolume('pvc-1');
      const earlier = volumeId.replace(/.{4}$/, 'ffff');
      expect(await deleteVolume(world.parts.context, { volumeId: earlier, secrets: {} }, call)).toEqual({});
      expect((await world.volume(volumeId)).spec.deletion).toBeUndefined();
    });

    test('twice is once', async () => {
      const volumeId = await world.createVolume('pvc-1');
      await world.deleteVolume(volumeId);
      await world.deleteVolume(volumeId);
      await world.until(() => world.isGone(volumeId));
      await world.deleteVolume(volumeId);
    });

    test('a writer that fell silent does not block it', async () => {
      const volumeId = await world.createVolume('pvc-1');
      await world.startPod('n1', volumeId);
      await world.until(() => world.node('n1').isMounted(volumeId));
      await world.round();
      world.node('n1').crash();
      await expect(world.deleteVolume(volumeId)).rejects.toMatchObject({ kind: 'failed-precondition' });
      for (let round = 0; round < 70; round += 1) await world.round();
      await world.deleteVolume(volumeId);
      await world.until(() => world.isGone(volumeId));
    });
  });

  describe('ValidateVolumeCapabilities', () => {
    async function validate(
      volumeId: string,
      given: {
        readonly mode?: 'MULTI_NODE_MULTI_WRITER' | 'MULTI_NODE_READER_ONLY';
        readonly parameters?: Record<string, string>;
      },
    ) {
      const { volumeCapabilities, parameters: _parameters, secrets } = createRequest('pvc-1');
      const capabilities = volumeCapabilities.map((each) => ({
        ...each,
        ...(given.mode && { accessMode: { mode: given.mode } }),
      }));
      const request = {
        volumeId,
        volumeContext: {},
        volumeCapabilities: capabilities,
        parameters: given.parameters ?? {},
        secrets,
        mutableParameters: {},
      };
      return validateVolumeCapabilities(world.parts.context, request, call);
    }

    test('confirms what it was made for, and says what it is not for', async () => {
      const volumeId = await world.createVolume('pvc-1');
      expect((await validate(volumeId, {})).confirmed?.volumeCapabilities).toHaveLength(1);
      expect((await validate(volumeId, { mode: 'MULTI_NODE_READER_ONLY' })).confirmed).toBeDefined();
      expect(await validate(volumeId, { mode: 'MULTI_NODE_MULTI_WRITER' })).toEqual({
        message: expect.stringContaining('ReadWriteMany'),
      });
      expect(await validate(volumeId, { parameters: { replicas: '7' } })).toEqual({
        message: expect.stringContaining('parameters["replicas"]'),
      });
    });

    test('an unknown volume is NOT_FOUND', async () => {
      await expect(validate('v-aaaaaaaaaaaaaaaa-0123456789ab', {})).rejects.toMatchObject({
        kind: 'not-found',
      });
    });
  });

  test('a volume of another instance in the namespace is not listed', async () => {
    const volumeId = await world.createVolume('pvc-1');
    const { spec } = await world.volume(volumeId);
    world.kubernetes.seed(SYNCTHING_VOLUMES, {
      name: 'v-cccccccccccccccc',
      labels: { 'syncthing-csi.io/driver': 'other' },
      spec,
    });
    expect(idsOf(await listed())).toEqual([volumeId]);
  });
});
