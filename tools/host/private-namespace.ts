import type { Command } from './run-command.ts';

/**
 * The command in a mount and pid namespace of its own: whatever it mounts is seen by nobody else, and all that it
 * started ends with it, also when we are killed.
 */
export function inPrivateNamespace(command: Command): Command {
  return [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    ...command,
  ];
}
