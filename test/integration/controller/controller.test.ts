import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../kubernetes/api-server.ts';
import { applyCrds } from '../kubernetes/crds.ts';
import { createRequest } from '../../builders/controller-under-test.ts';
import { RealController } from './real-controller.ts';

describe('the controller on a real API server', () => {
  let server: ApiServer;
  let world: RealController;

  beforeAll(async () => {
    server = await startApiServer();
    await applyCrds(server);
    await server.kubectl(['create', 'namespace', 'syncthing-csi']);
    world = await RealController.create(server, ['n1', 'n2', 'n3']);
    await world.start();
    await world.until('all nodes to have reported', async () => {
      const devices = await world.kubectl(
        '-n',
        'syncthing-csi',
        'get',
        'stnode',
        '-o',
        'jsonpath={.items[*].spec.devices[*].node}',
      );
      return devices.split(' ').length === 6;
    });
  });
  afterAll(async () => {
    await world?.end();
    await server?.stop();
  });

  async function mounted(node: string, volumeId: string): Promise<void> {
    await world.startPod(node, volumeId);
    await world.until(`the pod on ${node}`, async () => world.node(node).isMounted(volumeId));
  }
  async function detached(node: string, volumeId: string): Promise<void> {
    await world.stopPod(node, volumeId);
    await world.until(
      'the grant to end',
      async () => (await world.volume(volumeId))?.status.grant === undefined,
    );
  }
  async function holders(volumeId: string): Promise<readonly string[]> {
    return (await world.volume(volumeId))?.status.base.holders.map(({ node }) => node) ?? [];
  }
  async function deleted(volumeId: string): Promise<void> {
    expect(await world.call('Controller', 'DeleteVolume', { volumeId })).toMatchObject({ kind: 'ok' });
    await world.until('the resource to go', async () => (await world.volume(volumeId)) === undefined);
  }

  test('a volume is made, handed on, listed and deleted', async () => {
    const volumeId = await world.createVolume('pvc-handed-on');
    const listed = await world.call('Controller', 'ListVolumes', {});
    expect(JSON.stringify(listed)).toContain(volumeId);
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await world.startPod('n2', volumeId);
    await world.until('n2 to be told why it waits', async () => {
      const conditions = (await world.volume(volumeId))?.status.conditions;
      return conditions?.some(({ message }) => message.includes('n2 waits: node n1 holds')) === true;
    });
    await world.stopPod('n1', volumeId);
    await world.until('the pod on n2', async () => world.node('n2').isMounted(volumeId));
    expect(world.files('n2', volumeId)).toEqual(['a']);
    const refused = await world.call('Controller', 'DeleteVolume', { volumeId });
    expect(refused).toMatchObject({ kind: 'error', code: 9, message: expect.stringContaining('n2') });
    await detached('n2', volumeId);
    await deleted(volumeId);
    expect(world.cluster.nodes.map((node) => node.hasBytes(volumeId))).toEqual([false, false, false]);
    expect(JSON.stringify(await world.call('Controller', 'ListVolumes', {}))).not.toContain(volumeId);
  });

  test('the same name again: the same volume, or ALREADY_EXISTS', async () => {
    const volumeId = await world.createVolume('pvc-twice');
    expect(await world.createVolume('pvc-twice')).toBe(volumeId);
    const {
      volumeContentSource: _source,
      accessibilityRequirements: _topology,
      ...request
    } = createRequest('pvc-twice');
    const larger = { ...request, capacityRange: { requiredBytes: '2147483648', limitBytes: '0' } };
    expect(await world.call('Controller', 'CreateVolume', larger)).toMatchObject({ kind: 'error', code: 6 });
    await deleted(volumeId);
  });

  test('a lost writer: fenced, the others go on, what was not replicated is archived; it is told in events', async () => {
    const volumeId = await world.createVolume('pvc-lost');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await world.until('the write to be proven', async () => {
      const proven = (await world.volume(volumeId))?.status.proven;
      return proven !== undefined && proven.sequence >= 1 && proven.holders.length === 3;
    });
    world.node('n1').write(volumeId, 'lost');
    world.node('n1').crash();
    await world.taint('n1', true);
    await mounted('n2', volumeId);
    expect(world.files('n2', volumeId)).toEqual(['a']);
    expect(
      await world.kubectl('-n', 'syncthing-csi', 'get', 'events', '-o', 'jsonpath={.items[*].reason}'),
    ).toContain('FailedOver');
    expect(
      await world.kubectl('-n', 'default', 'get', 'events', '-o', 'jsonpath={.items[*].reason}'),
    ).toContain('FailedOver');
    world.node('n1').boot();
    await world.taint('n1', false);
    await world.until('n1 to rejoin', async () => (await world.volume(volumeId))?.status.stale.length === 0);
    expect([...world.node('n1').archives.values()]).toEqual([['a', 'lost']]);
    await detached('n2', volumeId);
    await world.kubectl('delete', 'pod', '-n', 'default', 'pvc-lost-n1', '--force', '--ignore-not-found');
    await deleted(volumeId);
  });

  test('labels move copies; a controller that begins anew goes on in the middle', async () => {
    const volumeId = await world.createVolume('pvc-moved');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await detached('n1', volumeId);
    await world.until('all to hold it', async () => (await holders(volumeId)).length === 3);
    await world.label('n3', false);
    await world.until(
      'n3 to leave',
      async () => (await world.volume(volumeId))?.status.leaving !== undefined,
    );
    await world.stop();
    for (let round = 0; round < 3; round += 1) await world.cluster.step();
    await world.start();
    await world.until('n3 to have left', async () => {
      return (
        !world.node('n3').hasBytes(volumeId) && (await world.volume(volumeId))?.status.leaving === undefined
      );
    });
    await world.label('n3', true);
    await world.until('n3 to hold it again', async () => (await holders(volumeId)).includes('n3'));
    expect(world.files('n3', volumeId)).toEqual(['a']);
    await deleted(volumeId);
  });

  test('deleted while a node is off: a tombstone; deleted behind the driver: the bytes stay', async () => {
    const volumeId = await world.createVolume('pvc-buried');
    await world.until('all to have it', async () =>
      world.cluster.nodes.every((node) => node.hasBytes(volumeId)),
    );
    world.node('n3').crash();
    await deleted(volumeId);
    expect(world.cluster.nodes.map((node) => node.hasBytes(volumeId))).toEqual([false, false, true]);
    world.node('n3').boot();
    await world.until('n3 to bury it', async () => !world.node('n3').hasBytes(volumeId));

    const forgotten = await world.createVolume('pvc-forgotten');
    await world.stop();
    // Nobody is there who would take a finalizer away, as when a namespace is deleted.
    await world.kubectl('-n', 'syncthing-csi', 'delete', 'stvol', '--all', '--timeout=20s');
    expect(await world.volume(forgotten)).toBeUndefined();
    await world.start();

    const orphan = await world.createVolume('pvc-orphaned');
    await world.until('all to have it', async () =>
      world.cluster.nodes.every((node) => node.hasBytes(orphan)),
    );
    await world.kubectl('-n', 'syncthing-csi', 'delete', 'stvol', '--all', '--wait=false');
    await world.until('the resource to go', async () => (await world.volume(orphan)) === undefined);
    for (let round = 0; round < 3; round += 1) await world.cluster.step();
    expect(world.cluster.nodes.map((node) => node.hasBytes(orphan))).toEqual([true, true, true]);
  });

  test('with attach: published early, refused while another node holds the volume, and unpublished', async () => {
    await world.stop();
    world.attach = true;
    await world.start();
    await world.label('n3', false);
    const volumeId = await world.createVolume('pvc-attached');
    const volumeCapability = { mount: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } };
    const publish = (nodeId: string) =>
      world.call('Controller', 'ControllerPublishVolume', { volumeId, nodeId, volumeCapability });
    const unpublish = (nodeId: string) =>
      world.call('Controller', 'ControllerUnpublishVolume', { volumeId, nodeId });
    const capabilities = await world.call('Controller', 'ControllerGetCapabilities', {});
    expect(JSON.stringify(capabilities)).toContain('PUBLISH_UNPUBLISH_VOLUME');
    for (let time = 0; time < 3; time += 1) expect(await publish('n3')).toMatchObject({ kind: 'ok' });
    await world.until('n3 to have a copy', async () => world.node('n3').hasBytes(volumeId));
    await mounted('n3', volumeId);
    expect(await publish('n1')).toMatchObject({
      kind: 'error',
      code: 9,
      message: expect.stringContaining('node n3 holds the volume'),
    });
    expect(await publish('n9')).toMatchObject({ kind: 'error', code: 5 });
    expect(await unpublish('n3')).toMatchObject({ kind: 'ok' });
    expect((await world.volume(volumeId))?.status.grant?.node).toBe('n3');
    await detached('n3', volumeId);
    expect(await publish('n1')).toMatchObject({ kind: 'ok' });
    expect((await world.volume(volumeId))?.status.published).toMatchObject([{ node: 'n1' }]);
    expect(await unpublish('')).toMatchObject({ kind: 'ok' });
    await world.until('the copy on n3 to leave', async () => !world.node('n3').hasBytes(volumeId));
    await deleted(volumeId);
    await world.label('n3', true);
  });
});
