import { expect, test } from 'vitest';
import csiJson from './gen/csi.json' with { type: 'json' };
import { stripSecrets } from './strip-secrets.ts';

const stripped = '***stripped***';

test('secrets go, the rest stays', () => {
  const request = { name: 'v', secrets: { key: 'hunter2' }, parameters: { a: 'b' } };
  expect(stripSecrets('csi.v1.CreateVolumeRequest', request)).toEqual({ ...request, secrets: stripped });
});

test('that there are none is seen', () => {
  expect(stripSecrets('csi.v1.CreateVolumeRequest', { secrets: {} })).toEqual({ secrets: {} });
});

test('mount flags go at any depth', () => {
  const capability = {
    accessMode: { mode: 'SINGLE_NODE_WRITER' },
    mount: { mountFlags: ['pass=x'], fsType: '' },
  };
  expect(stripSecrets('csi.v1.CreateVolumeRequest', { volumeCapabilities: [capability] })).toEqual({
    volumeCapabilities: [{ ...capability, mount: { mountFlags: stripped, fsType: '' } }],
  });
});

test('of a message that is not known nothing is shown', () => {
  expect(stripSecrets('csi.v1.Nothing', { secrets: { key: 'hunter2' } })).toEqual({
    message: 'csi.v1.Nothing',
  });
});

test('no request of the specification that has secrets shows them', () => {
  const messages: Readonly<Record<string, object>> = csiJson.nested.csi.nested.v1.nested;
  const withSecrets = Object.entries(messages).filter(([, message]) => {
    return 'fields' in message && JSON.stringify(message.fields).includes('csi_secret');
  });
  expect(withSecrets.length).toBeGreaterThan(15);
  for (const [name] of withSecrets) {
    const shown = stripSecrets(`csi.v1.${name}`, { secrets: { key: 'hunter2' } });
    expect(JSON.stringify(shown)).not.toContain('hunter2');
  }
});
