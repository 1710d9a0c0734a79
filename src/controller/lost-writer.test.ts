import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, type ControllerUnderTest } from '../../test/builders/controller-under-test.ts';
import { startWrittenVolume } from '../../test/builders/written-volume.ts';
import { SYNCTHING_NODES } from '../kubernetes/resource-kind.ts';

/** docs/operations.md, "A node will not come back". */
describe('a writer that is lost', () => {
  let world: ControllerUnderTest;
  let volumeId: string;

  beforeEach(async () => {
    ({ world, volumeId } = await startWrittenVolume());
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
