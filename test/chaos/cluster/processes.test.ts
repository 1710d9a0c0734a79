import { describe, expect, it } from 'vitest';
import { names } from './processes.ts';

function line(...words: readonly string[]): string {
  return `${words.join('\0')}\0`;
}

describe('a process by its command line', () => {
  it.each([
    [line('node', '--flag', '/app/main.js', 'node'), ['main.js', 'node'], true],
    [line('node', '--flag', '/app/main.js', 'controller'), ['main.js', 'node'], false],
    [line('/syncthing', 'serve'), ['syncthing', 'serve'], true],
    [line('node', '/app/resharer.js'), ['resharer.js'], true],
    [line('sh', '-c', 'exec /syncthing serve'), ['syncthing', 'serve'], false],
    ['', ['node'], false],
  ])('%j', (commandLine, words, is) => {
    expect(names(commandLine, words)).toBe(is);
  });
});
