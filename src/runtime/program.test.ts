import { describe, expect, test } from 'vitest';
import { helperCommand, programFile } from './program.ts';

describe('programFile', () => {
  test('is a source beside src/main.ts', () => {
    expect(programFile('/app/src/main.ts', 'syncthing-config')).toBe('/app/src/syncthing-config/main.ts');
  });
  test('is a bundle beside dist/main.js', () => {
    expect(programFile('/app/dist/main.js', 'node')).toBe('/app/dist/node.js');
  });
});

describe('helperCommand', () => {
  test('goes through src/main.ts from the sources', () => {
    const command = helperCommand({
      node: '/bin/node',
      callerFile: '/app/src/node/main.ts',
      name: 'deleter',
      nodeFlags: ['-x'],
    });
    expect(command).toEqual(['/bin/node', '-x', '/app/src/main.ts', 'deleter']);
  });
  test('without lite mode from the sources, since types are stripped with WebAssembly', () => {
    const command = helperCommand({
      node: '/bin/node',
      callerFile: '/app/src/node/main.ts',
      name: 'deleter',
    });
    expect(command).toEqual(['/bin/node', '/app/src/main.ts', 'deleter']);
  });
  test('names the bundle, with a small heap', () => {
    const command = helperCommand({ node: '/bin/node', callerFile: '/app/dist/node.js', name: 'deleter' });
    expect(command).toEqual(['/bin/node', '--max-semi-space-size=1', '--lite-mode', '/app/dist/deleter.js']);
  });
});
