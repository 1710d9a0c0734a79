import { expect, it } from 'vitest';
import { programNames } from '../../../src/runtime/program.ts';
import { FAULT_KINDS } from './fault-kind.ts';

/** Programs that a person, or an installation, begins once. */
const ONCE = ['syncthing-config', 'crds', 'import', 'uninstall-check'];

it.each(programNames.filter((name) => !ONCE.includes(name)))('%s is killed', (name) => {
  expect(FAULT_KINDS).toContain(`kill-${name}`);
});
