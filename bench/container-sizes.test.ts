import { describe, expect, it } from 'vitest';
import { containerSizes } from './container-sizes.ts';

const MIB = 1024;

/** As /proc has it, its words apart by a blank and one at the end. */
function line(mib: number, command: string): string {
  return `${mib * MIB} ${command} `;
}

describe('what the containers of a node have', () => {
  it('is told by the programs that run in them', () => {
    const printed = [
      line(40, '/usr/bin/node --jitless /app/main.js node'),
      line(30, '/usr/bin/node /app/main.js controller'),
      line(50, '/usr/bin/syncthing serve --no-browser'),
      line(7, 'sh -c true'),
      '',
    ].join('\n');
    expect(containerSizes(printed)).toEqual({ node: 40, helpers: 0, syncthing: 50, controller: 30 });
  });

  it.each(['introducer', 'resharer', 'deleter', 'nodewatcher', 'scrubber'])(
    'has %s in that of the node',
    (name) => {
      const printed = line(20, `/usr/bin/node --max-semi-space-size=1 --lite-mode /app/${name}.js`);
      expect(containerSizes(printed)).toEqual({ node: 0, helpers: 20, syncthing: 0, controller: 0 });
    },
  );
});
