import { beforeEach, describe, expect, test } from 'vitest';
import { createFakeKubernetes, type FakeKubernetes } from '../kubernetes/fake.ts';
import { SYNCTHING_NODES, SYNCTHING_VOLUMES } from '../kubernetes/resource-kind.ts';
import { createFakeClock } from '../runtime/fake-clock.ts';
import { parseImport } from './import-request.ts';
import { makeImport } from './make-import.ts';

const args = ['--node', 'n1', '--directory', 'photos', '--claim', 'default/photos', '--size', '10Gi'];
const call = { signal: new AbortController().signal };

describe('the arguments of an import', () => {
  test('name node, directory, claim and size', () => {
    expect(parseImport(args)).toEqual({
      node: 'n1',
      directory: 'photos',
      claim: { namespace: 'default', name: 'photos' },
      size: '10Gi',
      bytes: 10 * 1024 ** 3,
    });
  });

  test.each([
    ['1', 1],
    ['5k', 5000],
    ['5Ki', 5120],
    ['2M', 2_000_000],
    ['1Ti', 1024 ** 4],
  ])('a size of %s is %d bytes', (size, bytes) => {
    expect(parseImport([...args, '--size', size]).bytes).toBe(bytes);
  });

  test.each([
    [['--node', ''], '--node'],
    [['--directory', '../etc'], '--directory'],
    [['--directory', '.hidden'], '--directory'],
    [['--directory', 'a/b'], '--directory'],
    [['--claim', 'photos'], '--claim'],
    [['--size', '0'], '--size'],
    [['--size', '10GiB'], '--size'],
    [['--size', '9999999P'], '--size: is too large'],
    [['--force'], 'arguments'],
    [['more'], 'arguments'],
  ])('%j is refused', (wrong, complaint) => {
    expect(() => parseImport([...args, ...wrong])).toThrow(complaint);
  });
});

describe('an import', () => {
  let client: FakeKubernetes;

  beforeEach(() => {
    client = createFakeKubernetes({ clock: createFakeClock(0) });
    const spec = { fenced: [], devices: [], tombstones: [] };
    client.seed(SYNCTHING_NODES, { name: 'n1', spec });
  });
  function make(more: readonly string[] = []): Promise<object> {
    return makeImport({ client, driverName: 'd.test', request: parseImport([...args, ...more]), call });
  }

  test('makes the volume once, and a PersistentVolume and a claim that are bound to each other', async () => {
    const manifests = await make();
    expect(await make()).toEqual(manifests);
    const { items } = await client.list(SYNCTHING_VOLUMES, {}, call);
    const [volume] = items;
    expect(items).toHaveLength(1);
    expect(volume?.spec).toMatchObject({
      source: { node: 'n1', directory: 'photos' },
      claim: { namespace: 'default', name: 'photos' },
      onDelete: 'archive',
    });
    const name = volume?.spec.requestName;
    expect(manifests).toMatchObject({
      items: [
        {
          kind: 'PersistentVolume',
          metadata: { name },
          spec: {
            persistentVolumeReclaimPolicy: 'Retain',
            capacity: { storage: '10Gi' },
            claimRef: { namespace: 'default', name: 'photos' },
            csi: { driver: 'd.test', volumeHandle: volume?.volumeId },
          },
        },
        { kind: 'PersistentVolumeClaim', metadata: { name: 'photos' }, spec: { volumeName: name } },
      ],
    });
  });

  test.each([
    ['another claim', ['--claim', 'default/other'], 'belongs to default/photos'],
    ['another size', ['--size', '20Gi'], '(10737418240 bytes)'],
    ['a node that does not run the driver', ['--node', 'n9'], 'no driver pod has reported from a node n9'],
  ])('of a directory that was imported, for %s, is refused', async (_what, more, complaint) => {
    await make();
    await expect(make(more)).rejects.toThrow(complaint);
  });
});
