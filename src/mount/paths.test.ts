import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHostPath, hostPath } from './host-path.ts';
import { checkTargetPath } from './target-path.ts';

const kubelet = '/var/lib/kubelet';

describe('a target path', () => {
  test('in the directory of the kubelet is given back', () => {
    expect(checkTargetPath(kubelet, `${kubelet}/pods/x/mount`)).toBe(`${kubelet}/pods/x/mount`);
    expect(checkTargetPath('/', '/pods/x')).toBe('/pods/x');
  });

  test.for([
    kubelet,
    `${kubelet}/`,
    '/var/lib/kubelet-other/pods',
    '/etc',
    `${kubelet}/../../../etc`,
    `${kubelet}/pods/..`,
    `${kubelet}//pods`,
    `${kubelet}/pods/`,
    `${kubelet}/a\0b`,
    'pods/x',
    '',
  ])('%j is refused', (target) => {
    const refusal = expect.objectContaining({ name: 'MountError', kind: 'invalid-path' });
    expect(() => checkTargetPath(kubelet, target)).toThrow(refusal);
  });
});

describe('a path in the data directory', () => {
  test('is made of names', () => {
    expect(hostPath('/data', 'volumes', 'v-a', 'state.json')).toBe('/data/volumes/v-a/state.json');
  });

  test.for(['', '.', '..', 'a/b', '/', 'a\0'])('never of %j', (name) => {
    expect(() => hostPath('/data', 'volumes', name)).toThrow(
      expect.objectContaining({ kind: 'invalid-path' }),
    );
  });

  test('lies below it whatever the names are, or is refused', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), ([first = '', ...rest]) => {
        let made: string;
        try {
          made = hostPath('/data', first, ...rest);
        } catch (error) {
          expect(error).toMatchObject({ kind: 'invalid-path' });
          return;
        }
        expect(path.relative('/data', made).split('/')).toHaveLength(rest.length + 1);
        expect(checkHostPath('/data', made)).toBe(made);
      }),
    );
  });
});
