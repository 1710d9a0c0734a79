import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labelsOf } from '../../../../src/kubernetes/labels.ts';
import { SYNCTHING_VOLUMES } from '../../../../src/kubernetes/resource-kind.ts';
import { resourceNameOf } from '../../../../src/desired/volume-id.ts';
import { attach, detach, eventually } from '../attach.ts';
import { DRIVER, startCluster, within, type TestCluster } from '../cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(['n1', 'n2', 'n3'], ['n1', 'n2']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** As `syncthing-csi import` makes it. */
async function importVolume(node: string, directory: string): Promise<string> {
  const requestName = `import-${directory}`;
  const spec = {
    requestName,
    capacityBytes: 1_000_000,
    access: 'exclusive',
    onDelete: 'archive',
    source: { node, directory },
    parameters: {},
  } as const;
  const name = resourceNameOf(requestName);
  const draft = { name, labels: labelsOf(DRIVER, { volume: name }), spec };
  return (await cluster.kubernetes.create(SYNCTHING_VOLUMES, draft, within())).volumeId;
}

function importPath(node: string, directory: string): string {
  return path.join(cluster.node(node).config.hostDataDir, 'import', directory);
}

async function readyOf(volumeId: string) {
  const { conditions } = (await cluster.volume(volumeId)).status;
  return conditions.find(({ type }) => type === 'Ready');
}

test('a folder of another Syncthing, on a node without the label, becomes a volume with all that was in it', async () => {
  const from = importPath('n3', 'photos');
  mkdirSync(path.join(from, 'album'), { recursive: true });
  writeFileSync(path.join(from, 'album', 'one'), 'first picture');
  linkSync(path.join(from, 'album', 'one'), path.join(from, 'second-name'));
  mkdirSync(path.join(from, '.stfolder'));
  mkdirSync(path.join(from, '.stversions'));
  writeFileSync(path.join(from, '.stversions', 'old'), 'older picture');
  const volumeId = await importVolume('n3', 'photos');
  await eventually(async () => {
    const { base, grant } = (await cluster.volume(volumeId)).status;
    expect(grant).toBeUndefined();
    expect(base).toMatchObject({ kind: 'handoff', epoch: 1, session: 1 });
    expect(base.holders.map(({ node }) => node)).toEqual(expect.arrayContaining(['n1', 'n2']));
  });
  expect(existsSync(from)).toBe(false);
  const archive = path.join(cluster.node('n3').config.hostDataDir, 'archive', volumeId, 'import');
  expect(readdirSync(archive).toSorted()).toEqual(['.stfolder', '.stversions']);
  const node = cluster.node('n2');
  const target = await attach(node, volumeId, 'pod-a');
  expect(readFileSync(path.join(target, 'album', 'one'), 'utf8')).toBe('first picture');
  expect(statSync(path.join(target, 'second-name')).ino).toBe(
    statSync(path.join(target, 'album', 'one')).ino,
  );
  expect(readdirSync(target).toSorted()).toEqual(['album', 'second-name']);
  writeFileSync(path.join(target, 'new'), 'by a pod');
  await detach(node, volumeId, 'pod-a');
  await eventually(() => expect(existsSync(cluster.node('n3').paths(volumeId).directory)).toBe(false));
});

test('a directory that is not there is asked for, and nobody gets an empty volume in its place', async () => {
  const volumeId = await importVolume('n1', 'later');
  await eventually(async () =>
    expect(await readyOf(volumeId)).toMatchObject({
      reason: 'Importing',
      message: expect.stringContaining('import/later is missing on n1'),
    }),
  );
  expect(existsSync(cluster.node('n1').paths(volumeId).data)).toBe(false);
  mkdirSync(importPath('n1', 'later'));
  writeFileSync(path.join(importPath('n1', 'later'), 'file'), 'x');
  const target = await attachEventually('n2', volumeId);
  expect(readFileSync(path.join(target, 'file'), 'utf8')).toBe('x');
  await detach(cluster.node('n2'), volumeId, 'pod-b');
});

/** The node tries again after a while, longer than one call lasts here. */
async function attachEventually(name: string, volumeId: string): Promise<string> {
  await eventually(async () => expect((await cluster.volume(volumeId)).status.base.kind).toBe('handoff'));
  return await attach(cluster.node(name), volumeId, 'pod-b');
}

test('a node service that dies in the middle goes on with it', async () => {
  const from = importPath('n2', 'crash');
  mkdirSync(from);
  for (let file = 0; file < 200; file += 1) writeFileSync(path.join(from, `file-${file}`), `${file}`);
  const node = cluster.node('n2');
  const volumeId = await importVolume('n2', 'crash');
  await eventually(() => expect(existsSync(node.paths(volumeId).data)).toBe(true));
  await node.stop();
  await node.start();
  await eventually(async () => {
    const { base, grant } = (await cluster.volume(volumeId)).status;
    expect([base.kind, grant]).toEqual(['handoff', undefined]);
  });
  const target = await attach(cluster.node('n1'), volumeId, 'pod-c');
  expect(readdirSync(target)).toHaveLength(200);
  await detach(cluster.node('n1'), volumeId, 'pod-c');
});
