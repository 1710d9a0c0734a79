import { expect, test } from 'vitest';
import { mountsShowing } from './location.ts';
import { parseMountInfo } from './mountinfo.ts';

const OURS = '/volumes/v-a/data';
const location = { device: '8:1', root: OURS };

function showing(...lines: readonly string[]): readonly string[] {
  const table = parseMountInfo(lines.join('\n'));
  return mountsShowing(table, { location, whose: 'process 7' }).map(({ mountPoint }) => mountPoint);
}

function lineOf(root: string, mountPoint: string, device = '8:1'): string {
  return `7 1 ${device} ${root} ${mountPoint} rw - ext4 /dev/a rw`;
}

test('mounts of the directory and below it are told from those beside it and above', () => {
  const seen = showing(
    lineOf(OURS, '/itself'),
    lineOf(`${OURS}/sub`, '/below'),
    lineOf(`${OURS}-other`, '/beside'),
    lineOf('/volumes', '/above'),
    lineOf(OURS, '/elsewhere', '8:2'),
  );
  expect(seen).toEqual(['/itself', '/below']);
});

test('what is below it may be called anything', () => {
  const odd = `${OURS}/\u3000\r\u2028\uFFFD`;
  expect(showing(lineOf(odd, `/pod${odd}`))).toEqual([`/pod${odd}`]);
});

test("an odd line of somebody else's keeps nobody from seeing the mounts", () => {
  expect(showing('9 1 0:7 /volumes/v-b/data', lineOf(OURS, '/ours'), 'odd')).toEqual(['/ours']);
});

// Handoff rule 29: nothing is mounted any more only where that was seen.
test.each([
  ['the directory', `9 1 8:1 ${OURS} /pod rw`],
  ['something below it', `odd ${OURS}/with\\040space`],
  ['it after what would be its other fields', `9 1 8:1 /x\ty rw ${OURS}`],
])('an odd line that names %s is no answer', (_, line) => {
  const seen = (): readonly string[] => showing(lineOf('/x', '/y'), line);
  expect(seen).toThrow(
    expect.objectContaining({ name: 'MountError', message: expect.stringContaining('process 7') }),
  );
});
