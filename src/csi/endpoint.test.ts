import { expect, test } from 'vitest';
import { parseCsiEndpoint } from './endpoint.ts';

test.for([
  ['unix:///csi/csi.sock', '/csi/csi.sock'],
  ['unix:/csi/csi.sock', '/csi/csi.sock'],
  ['/csi/csi.sock', '/csi/csi.sock'],
  ['unix:///csi//csi.sock', '/csi/csi.sock'],
  [`unix:///${'x'.repeat(106)}`, `/${'x'.repeat(106)}`],
] as const)('%s is %s', ([endpoint, path]) => {
  expect(parseCsiEndpoint(endpoint)).toBe(path);
});

test.for([
  ['', 'not absolute'],
  ['csi.sock', 'not absolute'],
  ['unix://csi.sock', 'not absolute'],
  ['tcp://127.0.0.1:9000', 'only unix sockets'],
  [`unix:///${'x'.repeat(107)}`, 'has 108 bytes'],
  [`unix:///${'ü'.repeat(54)}`, 'has 109 bytes'],
] as const)('%s is refused: %s', ([endpoint, complaint]) => {
  expect(() => parseCsiEndpoint(endpoint)).toThrow(complaint);
});
