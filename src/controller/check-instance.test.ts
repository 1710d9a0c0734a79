import { describe, expect, test } from 'vitest';
import { KubernetesError } from '../kubernetes/errors.ts';
import { createFakeKubernetes, type FakeKubernetes } from '../kubernetes/fake.ts';
import { labelsOf } from '../kubernetes/labels.ts';
import { SYNCTHING_NODES } from '../kubernetes/resource-kind.ts';
import { createFakeClock } from '../runtime/fake-clock.ts';
import { silentLogger } from '../runtime/logger.ts';
import { checkInstance } from './check-instance.ts';

const DRIVER = 'one.example.org';
const clock = createFakeClock(0);
const nodeSpec = { fenced: [], devices: [], tombstones: [] };

function server(): FakeKubernetes {
  return createFakeKubernetes({ clock, namespace: 'here' });
}

function check(client: FakeKubernetes, signal: AbortSignal = AbortSignal.timeout(10_000)): Promise<void> {
  return checkInstance({ client, driverName: DRIVER, clock, log: silentLogger, signal });
}

/** The CSIDriver as the chart of an instance in that namespace leaves it. */
function owned(client: FakeKubernetes, namespace: string): FakeKubernetes {
  const annotations = { 'syncthing-csi.io/namespace': namespace };
  const raw = { metadata: { name: DRIVER, uid: 'u', resourceVersion: '1', annotations } };
  const get = client.get.bind(client);
  client.get = async (kind, name, options) =>
    kind.kind === 'CSIDriver' ? kind.parse(raw) : get(kind, name, options);
  return client;
}

describe('an instance is refused', () => {
  test('whose driver name another one has', async () => {
    await expect(check(owned(server(), 'there'))).rejects.toMatchObject({
      kind: 'driver-name-taken',
      message: expect.stringMatching(/one\.example\.org belongs to the instance in namespace there/),
    });
  });

  test('in a namespace that another one has', async () => {
    const client = server();
    client.seed(SYNCTHING_NODES, { name: 'n1', labels: labelsOf('two.example.org'), spec: nodeSpec });
    await expect(check(client)).rejects.toMatchObject({
      kind: 'namespace-taken',
      message: expect.stringMatching(
        /namespace here has resources of driver two\.example\.org.*delete stnode/,
      ),
    });
  });
});

describe('an instance begins', () => {
  test('where nobody is, and where it was before', async () => {
    await check(server());
    const client = owned(server(), 'here');
    client.seed(SYNCTHING_NODES, { name: 'n1', labels: labelsOf(DRIVER), spec: nodeSpec });
    await check(client);
  });

  test('without the right to look', async () => {
    const client = server();
    client.intercept = ({ kind }) =>
      kind === 'CSIDriver' ? new KubernetesError('forbidden', 'no right') : undefined;
    await check(client);
  });

  test('when the API server answers', async () => {
    const client = server();
    client.intercept = () => new KubernetesError('unreachable', 'connection refused');
    const checking = check(client);
    await clock.advance(10_000);
    client.intercept = undefined;
    await clock.advance(10_000);
    await checking;
    expect(client.calls.length).toBeGreaterThan(2);
  });

  test('not at all when it is to end', async () => {
    const client = server();
    client.intercept = () => new KubernetesError('unreachable', 'connection refused');
    const stop = new AbortController();
    const checking = check(client, stop.signal);
    stop.abort();
    await checking;
  });
});
