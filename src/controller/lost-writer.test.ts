import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, ControllerUnderTest } from '../../test/builders/controller-under-test.ts';
import { SYNCTHING_NODES } from '../kubernetes/resource-kind.ts';

/** docs/operations.md, "A node will not come back". */
describe('a writer that is lost', () => {
  let world: ControllerUnderTest;
  let volumeId: string;

  beforeEach(async () => {
    world = new ControllerUnderTest(['n1', 'n2', 'n3']);
    await world.start();
    volumeId = await world.createVolume('pvc-1');
    await world.startPod('n1', volumeId);
    await world.until(() => world.node('n1').isMounted(volumeId));
    world.node('n1').write(volumeId, 'a');
    await world.until(async () => (await world.volume(volumeId)).status.proven?.holders.length === 3);
  });
  afterEach(() => world.stop());

  test('is followed by another also where a person forgot its node first', async () => {
    world.node('n1').crash();
    await world.kubernetes.delete(SYNCTHING_NODES, { name: 'n1' }, call);
    world.setNode('n1', { outOfService: true });
    await world.startPod('n2', volumeId);
    await world.until(() => world.node('n2').isMounted(volumeId));
    expect((await world.volume(volumeId)).status).toMatchObject({ grant: { node: 'n2' } });
    expect([...world.node('n2').syncthing.filesOf(volumeId)]).toEqual(['a']);
  });
});
