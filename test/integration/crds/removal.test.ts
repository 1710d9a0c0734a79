import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../kubernetes/api-server.ts';
import { applyCrds } from '../kubernetes/crds.ts';
import { nodeSpec, replicaSpec, volumeSpec } from '../kubernetes/sample-resources.ts';

/** Of a definition that was made a moment ago the API server may take minutes to see that nothing of it is left. */
const TIMEOUT_MS = 600_000;
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
  await applyCrds(server);
});
afterAll(() => server?.stop());

/** Wherever a document says how the definitions go. */
function commands(): readonly string[] {
  return ['docs/operations.md', 'deploy/chart/README.md'].flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/kubectl delete (?:crd|-f deploy\/chart\/crds)[ a-z.-]*/g)].map(
      ([command]) => command.trim(),
    ),
  );
}

function resource(kind: string, spec: object): object {
  return {
    apiVersion: 'syncthing-csi.io/v1alpha1',
    kind,
    metadata: { name: 'x', namespace: 'default' },
    spec,
  };
}

test(
  'the one command of the documents takes the definitions, and the resources with them',
  async () => {
    const [command = '', ...more] = new Set(commands());
    expect(more).toEqual([]);
    const items = [
      resource('SyncthingVolume', volumeSpec),
      resource('SyncthingReplica', replicaSpec),
      resource('SyncthingNode', nodeSpec),
    ];
    await server.kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    const [kubectl, ...words] = command.split(' ');
    expect(kubectl).toBe('kubectl');
    const said = await server.kubectl(words);
    expect(said.match(/ deleted/g)).toHaveLength(3);
    expect(await server.kubectl(['get', 'crd', '-o', 'name'])).toBe('');
  },
  TIMEOUT_MS,
);
