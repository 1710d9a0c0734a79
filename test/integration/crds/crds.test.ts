import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { bringUpToDate, type UpdateContext } from '../../../src/crds/bring-up-to-date.ts';
import type { Definition } from '../../../src/crds/plan.ts';
import { connectKubernetes, type Connection } from '../../../src/kubernetes/connect-kubernetes.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { render } from '../chart/chart.ts';
import { type ApiServer, startApiServer } from '../kubernetes/api-server.ts';

const namespace = 'syncthing-csi';
const abort = new AbortController();
let server: ApiServer;
let connection: Connection;
let ctx: UpdateContext;

const raw = z.object({ metadata: z.object({ name: z.string() }), spec: z.record(z.string(), z.unknown()) });

/** What the chart brings. */
const definitions: readonly Definition[] = readdirSync('deploy/chart/crds').map((file) => {
  const { metadata, spec } = raw.parse(parse(readFileSync(`deploy/chart/crds/${file}`, 'utf8')));
  return { name: metadata.name, spec };
});

/** The same with one more field in the spec of a node. */
function withField(name: string): readonly Definition[] {
  const text = JSON.stringify(definitions).replaceAll('"fenced":{', `"${name}":{"type":"string"},"fenced":{`);
  return z
    .array(z.object({ name: z.string(), spec: z.record(z.string(), z.unknown()) }))
    .parse(JSON.parse(text));
}

beforeAll(async () => {
  server = await startApiServer();
  await server.kubectl(['create', 'namespace', namespace]);
  const hooks = await render(namespace);
  const items = hooks.filter(
    ({ kind, metadata }) =>
      metadata.name === 'syncthing-csi-crds' &&
      /^(ServiceAccount|ClusterRole|ClusterRoleBinding)$/.test(kind),
  );
  expect(items).toHaveLength(3);
  await server.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  // With the rights of the hook, and no others; what they do not allow is tried in rights.test.ts.
  connection = await connectKubernetes({
    namespace,
    kubeconfig: await server.kubeconfigOf(namespace, 'syncthing-csi-crds'),
    environment: {},
    clock: systemClock,
    userAgent: 'test',
  });
  const log = createLogger({ level: 'error', to: 'stderr' });
  ctx = { client: connection.client, log, signal: abort.signal };
});
afterAll(async () => {
  abort.abort();
  await connection?.[Symbol.asyncDispose]();
  await server?.stop();
});
async function established(): Promise<void> {
  await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
}

/**
 * As the chart has them. They are not deleted for it: the API server lists what a definition has before this goes,
 * and where it was made a moment ago that may take more than a minute.
 */
async function reset(): Promise<void> {
  const items = definitions.map(({ name, spec }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec,
  }));
  await server.kubectl(['replace', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

/** Of the specs; the API server writes the status as it likes. */
async function generations(): Promise<string> {
  return await server.kubectl(['get', 'crd', '-o', 'jsonpath={.items[*].metadata.generation}']);
}

async function hasField(name: string): Promise<boolean> {
  const words = ['get', 'crd', 'syncthingnodes.syncthing-csi.io', '-o', 'json'];
  return (await server.kubectl(words)).includes(`"${name}":`);
}

describe('the definitions of our resources', () => {
  test('are made where there are none, and served', async () => {
    expect(await server.kubectl(['get', 'crd', '-o', 'name'])).toBe('');
    await bringUpToDate(definitions, ctx);
    await established();
    expect(await server.kubectl(['get', 'crd', '-o', 'name'])).toMatch(/syncthingvolumes/);
    expect(await server.kubectl(['-n', namespace, 'get', 'stvol,strep,stnode'])).toBe('');
  });
});

describe('definitions that are there', () => {
  beforeEach(reset);

  test('stay as they are when nothing is new', async () => {
    const before = await generations();
    await bringUpToDate(definitions, ctx);
    expect(await generations()).toBe(before);
  });

  test('grow, and are not taken back by an older chart', async () => {
    expect(await hasField('added')).toBe(false);
    await bringUpToDate(withField('added'), ctx);
    expect(await hasField('added')).toBe(true);
    await bringUpToDate(definitions, ctx);
    expect(await hasField('added')).toBe(true);
  });

  test('are left alone, all of them, where one would lose something', async () => {
    await bringUpToDate(withField('theirs'), ctx);
    await expect(bringUpToDate(withField('ours'), ctx)).rejects.toThrow(
      /syncthingnodes\.syncthing-csi\.io would lose v1alpha1\.spec\.theirs: string/,
    );
    expect(await hasField('ours')).toBe(false);
  });
});
