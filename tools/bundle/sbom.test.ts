import { expect, test } from 'vitest';
import { settled } from './sbom.ts';

const ZOD = { 'bom-ref': 'zod@4', name: 'zod', properties: [] };
const VITEST = {
  'bom-ref': 'vitest@4',
  name: 'vitest',
  properties: [{ name: 'cdx:npm:package:development', value: 'true' }],
};

/** As npm 11 answers; a number and a time of this very call, and the directory's name. */
function answered(serialNumber: string, timestamp: string, directory: string): string {
  const component = { name: directory, type: 'application', version: '0.1.0' };
  return JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber,
    metadata: { timestamp, component },
    components: [VITEST, ZOD],
    dependencies: [
      { ref: 'syncthing-csi@0.1.0', dependsOn: ['zod@4', 'vitest@4'] },
      { ref: 'vitest@4', dependsOn: ['zod@4'] },
    ],
  });
}

test('the same packages give the same list, whenever and wherever npm is asked, without those of the build', () => {
  const first = settled(answered('urn:uuid:1', '2026-11-22T08:00:00Z', 'main'));
  expect(first).toEqual(settled(answered('urn:uuid:2', '2026-11-23T09:00:00Z', 'build')));
  expect(first).toEqual({
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    metadata: { component: { name: 'syncthing-csi', type: 'application', version: '0.1.0' } },
    components: [ZOD],
    dependencies: [{ ref: 'syncthing-csi@0.1.0', dependsOn: ['zod@4'] }],
  });
});

test('an answer without packages is refused', () => {
  expect(() => settled('{}')).toThrow();
});
