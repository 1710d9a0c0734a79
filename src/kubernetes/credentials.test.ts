import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../runtime/fake-clock.ts';
import { connectKubernetes } from './connect-kubernetes.ts';
import { type Credentials, inClusterCredentials } from './credentials.ts';
import { kubeconfigCredentials } from './kubeconfig-credentials.ts';

describe('the service account of a pod', () => {
  let directory: string;
  let clock: FakeClock;
  let credentials: Credentials;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'service-account-'));
    clock = createFakeClock();
    credentials = inClusterCredentials({ host: '10.96.0.1', port: '443', clock, directory });
    await writeFile(path.join(directory, 'ca.crt'), 'CA 1');
    await writeFile(path.join(directory, 'token'), 'token-1\n');
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function authorization(): Promise<readonly [string | undefined, string]> {
    const { headers, tls } = await credentials.authorize();
    return [headers['authorization'], String(tls.ca)];
  }

  test('is read anew after a minute, token and authority alike', async () => {
    expect(await authorization()).toEqual(['Bearer token-1', 'CA 1']);
    await writeFile(path.join(directory, 'ca.crt'), 'CA 2');
    await writeFile(path.join(directory, 'token'), 'token-2\n');
    await clock.advance(59_000);
    expect(await authorization()).toEqual(['Bearer token-1', 'CA 1']);
    await clock.advance(1000);
    expect(await authorization()).toEqual(['Bearer token-2', 'CA 2']);
  });

  test('is asked for by name when it is missing', async () => {
    await rm(path.join(directory, 'token'));
    await expect(credentials.authorize()).rejects.toThrow(
      `${directory}: does the pod have a service account`,
    );
  });

  test('is used with the address that the kubelet gives, IPv6 included', () => {
    expect(credentials.server).toBe('https://10.96.0.1:443');
    expect(inClusterCredentials({ host: 'fd00::1', port: '443', clock }).server).toBe(
      'https://[fd00::1]:443',
    );
  });

  test('is not looked for outside of a cluster', async () => {
    const connecting = connectKubernetes({ namespace: 'x', environment: {}, clock, userAgent: 'test' });
    await expect(connecting).rejects.toThrow('KUBERNETES_SERVICE_HOST');
  });

  test.each(['', 'a: [', '{}'])('a kubeconfig that is none is refused by name: %j', async (content) => {
    const file = path.join(directory, 'kubeconfig');
    await writeFile(file, content);
    expect(() => kubeconfigCredentials(file)).toThrow(file);
  });
});
