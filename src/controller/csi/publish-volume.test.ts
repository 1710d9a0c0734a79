import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, ControllerUnderTest, createRequest } from '../../../test/builders/controller-under-test.ts';
import type { AccessMode } from '../../csi/validate/capability.ts';
import { replicaName } from '../../desired/replica-name.ts';
import { parseVolumeId } from '../../desired/volume-id.ts';
import { defaultHandoffSettings } from '../../handoff/settings.ts';
import { isKubernetesError, KubernetesError } from '../../kubernetes/errors.ts';
import { SYNCTHING_REPLICAS } from '../../kubernetes/resource-kind.ts';
import { controllerRpcs } from './controller-rpcs.ts';
import { controllerPublishVolume, controllerUnpublishVolume } from './publish-volume.ts';

const WRITE = 'SINGLE_NODE_MULTI_WRITER';
const READ = 'MULTI_NODE_READER_ONLY';
const WRITE_MANY = 'MULTI_NODE_MULTI_WRITER';

describe('ControllerPublishVolume and ControllerUnpublishVolume', () => {
  let world: ControllerUnderTest;
  let volumeId: string;

  beforeEach(async () => {
    world = new ControllerUnderTest(['n1', 'n2', 'n3']);
    world.settings = { ...defaultHandoffSettings, attach: true };
    world.setNode('n3', { labelled: false });
    await world.start();
    volumeId = await world.createVolume('pvc-1');
    await world.until(async () => (await hasCopy('n1')) && (await hasCopy('n2')));
  });
  afterEach(() => world.stop());

  function publish(nodeId: string, mode: AccessMode = WRITE, id = volumeId) {
    const { volumeCapabilities, secrets } = createRequest('pvc-1');
    const [capability] = volumeCapabilities;
    const volumeCapability = capability === undefined ? null : { ...capability, accessMode: { mode } };
    const request = { volumeId: id, nodeId, volumeCapability, readonly: false, secrets, volumeContext: {} };
    return controllerPublishVolume(world.parts.context, request, call);
  }
  function unpublish(nodeId: string, id = volumeId) {
    return controllerUnpublishVolume(world.parts.context, { volumeId: id, nodeId, secrets: {} }, call);
  }
  async function published(): Promise<readonly string[]> {
    return (await world.volume(volumeId)).status.published.map(({ node }) => node);
  }
  async function hasCopy(node: string): Promise<boolean> {
    const name = replicaName(parseVolumeId(volumeId)?.name ?? '', node);
    try {
      await world.kubernetes.get(SYNCTHING_REPLICAS, name, call);
      return true;
    } catch (error) {
      if (isKubernetesError(error, 'not-found')) return false;
      throw error;
    }
  }

  test('are announced and served with attach alone', async () => {
    const { context } = world.parts;
    const announced = async (attach: boolean): Promise<string> => {
      const rpcs = controllerRpcs({ ...context, settings: { ...context.settings, attach } });
      expect(rpcs.ControllerPublishVolume === undefined).toBe(!attach);
      expect(rpcs.ControllerUnpublishVolume === undefined).toBe(!attach);
      return JSON.stringify(await rpcs.ControllerGetCapabilities?.({}, call));
    };
    expect(await announced(false)).not.toContain('PUBLISH');
    expect(await announced(true)).toContain('PUBLISH_UNPUBLISH_VOLUME');
  });

  test('a node without a copy gets one before it asks, and keeps it until it is unpublished', async () => {
    expect(await publish('n3')).toEqual({});
    await world.until(() => hasCopy('n3'));
    for (let round = 0; round < 30; round += 1) await world.round();
    expect(await hasCopy('n3')).toBe(true);
    expect((await world.volume(volumeId)).status.grant).toBeUndefined();
    expect(await unpublish('n3')).toEqual({});
    await world.until(async () => !(await hasCopy('n3')));
    expect(await published()).toEqual([]);
  });

  test('the same again is the same, and what is not published is unpublished', async () => {
    for (let time = 0; time < 3; time += 1) await publish('n1');
    expect(await published()).toEqual(['n1']);
    for (let time = 0; time < 3; time += 1) await unpublish('n1');
    expect(await published()).toEqual([]);
  });

  test('an empty node_id unpublishes from all', async () => {
    await publish('n1');
    await publish('n3');
    await unpublish('');
    expect(await published()).toEqual([]);
  });

  test('is refused while another node holds the grant, and ends nothing there', async () => {
    await publish('n1');
    await world.startPod('n1', volumeId);
    await world.until(() => world.node('n1').isMounted(volumeId));
    const refused = {
      kind: 'failed-precondition',
      message: expect.stringContaining('node n1 holds the volume'),
    };
    await expect(publish('n2')).rejects.toMatchObject(refused);
    await expect(publish('n2', READ)).rejects.toMatchObject(refused);
    await expect(publish('n1', READ)).rejects.toMatchObject({ kind: 'already-exists' });
    expect(await publish('n1')).toEqual({});
    await unpublish('n1');
    expect((await world.volume(volumeId)).status.grant?.node).toBe('n1');
    expect(world.node('n1').isMounted(volumeId)).toBe(true);
    await expect(publish('n2')).rejects.toMatchObject(refused);
    await world.stopPod('n1', volumeId);
    await world.until(async () => (await world.volume(volumeId)).status.grant === undefined);
    expect(await publish('n2')).toEqual({});
  });

  test('what was never written cannot be published to be read', async () => {
    await expect(publish('n1', READ)).rejects.toMatchObject({ kind: 'failed-precondition' });
  });

  test.each([
    ['a volume that is not there', 'n1', 'v-aaaaaaaaaaaaaaaa-0123456789ab', 'not-found'],
    ['a node that is not there', 'n9', undefined, 'not-found'],
    ['no node', '', undefined, 'invalid-argument'],
    ['no volume', 'n1', '', 'invalid-argument'],
  ] as const)('%s', async (_what, node, id, kind) => {
    await expect(publish(node, WRITE, id)).rejects.toMatchObject({ kind });
  });

  test('many writers are refused as in CreateVolume', async () => {
    await expect(publish('n1', WRITE_MANY)).rejects.toMatchObject({
      kind: 'invalid-argument',
      message: expect.stringContaining('ReadWriteMany'),
    });
  });

  test('with access: eventual many are answered, and each has a copy until it is unpublished', async () => {
    volumeId = await world.createVolume('pvc-2', { access: 'eventual' });
    await world.until(async () => (await hasCopy('n1')) && (await hasCopy('n2')));
    for (const name of ['n1', 'n2', 'n3']) expect(await publish(name, WRITE_MANY)).toEqual({});
    expect(await published()).toEqual(['n1', 'n2', 'n3']);
    await world.until(() => hasCopy('n3'));
    for (let round = 0; round < 30; round += 1) await world.round();
    expect(await hasCopy('n3')).toBe(true);
    await unpublish('n3');
    await world.until(async () => !(await hasCopy('n3')));
    expect(await published()).toEqual(['n1', 'n2']);
    await expect(publish('n1', READ)).rejects.toMatchObject({ kind: 'failed-precondition' });
  });

  test('of a volume that is deleted nothing is published, and all is unpublished', async () => {
    await publish('n3');
    await world.deleteVolume(volumeId);
    await expect(publish('n1')).rejects.toMatchObject({ kind: 'not-found' });
    await world.until(() => world.isGone(volumeId));
    await expect(publish('n1')).rejects.toMatchObject({ kind: 'not-found' });
    expect(await unpublish('n3')).toEqual({});
    expect(await unpublish('n3', 'never-heard-of-it')).toEqual({});
  });

  test('a volume that changes meanwhile is looked at again, and given up after a few times', async () => {
    let conflicts = 2;
    world.kubernetes.intercept = ({ verb, kind }) => {
      if (verb !== 'patch-status' || kind !== 'SyncthingVolume' || conflicts === 0) return undefined;
      conflicts -= 1;
      return new KubernetesError('conflict', 'changed meanwhile');
    };
    await publish('n3');
    expect(await published()).toEqual(['n3']);
    conflicts = Number.POSITIVE_INFINITY;
    await expect(unpublish('n3')).rejects.toMatchObject({ kind: 'aborted' });
    world.kubernetes.intercept = undefined;
    await unpublish('n3');
  });

  test('what was left when the attach step was switched off is forgotten', async () => {
    await publish('n3');
    await world.until(() => hasCopy('n3'));
    await world.stop();
    world.settings = defaultHandoffSettings;
    await world.start();
    await world.until(async () => (await published()).length === 0 && !(await hasCopy('n3')));
  });
});
