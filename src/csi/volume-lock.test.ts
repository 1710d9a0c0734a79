import { expect, test } from 'vitest';
import { silentLogger } from '../runtime/logger.ts';
import type { CallContext, Rpc } from './rpc.ts';
import { volumeLock } from './volume-lock.ts';

const context: CallContext = { signal: new AbortController().signal, deadlineMs: 0, log: silentLogger };

function locked() {
  const lock = volumeLock();
  const ends: (() => void)[] = [];
  const wait: Rpc<object, object> = () => new Promise((resolve) => void ends.push(() => resolve({})));
  function call(name: string, request: object, rpc = wait): Promise<object> {
    return lock({ service: 'csi.v1.Node', name, requestType: `csi.v1.${name}Request` }, rpc)(
      request,
      context,
    );
  }
  return { call, endAll: () => ends.splice(0).forEach((end) => end()) };
}

test('a second call on a volume is aborted, whatever the RPC, and says which one is in the way', async () => {
  const { call, endAll } = locked();
  const first = call('NodeStageVolume', { volumeId: 'a' });
  await expect(call('NodeUnpublishVolume', { volumeId: 'a' })).rejects.toMatchObject({
    kind: 'aborted',
    message: expect.stringContaining('NodeStageVolume of volume a'),
  });
  endAll();
  await first;
});

test('names lock as ids do, and a name is no id', async () => {
  const { call, endAll } = locked();
  const calls = [call('CreateVolume', { name: 'a' }), call('DeleteVolume', { volumeId: 'a' })];
  await expect(call('CreateVolume', { name: 'a' })).rejects.toMatchObject({ kind: 'aborted' });
  endAll();
  await Promise.all(calls);
});

test('calls that read, and calls without a volume, go in', async () => {
  const { call, endAll } = locked();
  const calls = [
    call('NodeStageVolume', { volumeId: 'a' }),
    call('NodeGetVolumeStats', { volumeId: 'a' }),
    call('DeleteVolume', { volumeId: '' }),
    call('DeleteVolume', { volumeId: '' }),
    call('ListVolumes', {}),
  ];
  endAll();
  await Promise.all(calls);
});

test('a failed call gives the volume back', async () => {
  const { call } = locked();
  const fail: Rpc<object, object> = () => Promise.reject(new Error('no'));
  await expect(call('NodeStageVolume', { volumeId: 'a' }, fail)).rejects.toThrow('no');
  await expect(call('NodeStageVolume', { volumeId: 'a' }, fail)).rejects.toThrow('no');
});
