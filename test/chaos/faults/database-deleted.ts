import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nodePath } from '../cluster/power.ts';
import { killProcesses } from '../cluster/processes.ts';
import { HOST_DATA_DIR } from '../cluster/stage.ts';
import { type Fault, nothingToHeal } from './fault.ts';

/** Syncthing dies, and when it comes back all that it knew of its folders is gone; keys and configuration stay. */
export const databaseDeleted: Fault = {
  async apply({ stage, planned: { node } }) {
    const home = nodePath(stage, node, join(HOST_DATA_DIR, 'syncthing'));
    if (home === undefined || !existsSync(home)) return 'missed';
    if (!(await killProcesses({ node, words: ['syncthing', 'serve'] }))) return 'missed';
    // index-v0.14.0.db up to 1.30, index-v2 from 2.0 on.
    const databases = readdirSync(home).filter((name) => name.startsWith('index-v'));
    for (const name of databases) rmSync(join(home, name), { recursive: true, force: true });
    return databases.length > 0 ? 'applied' : 'missed';
  },
  heal: nothingToHeal,
};
