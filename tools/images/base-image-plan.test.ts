import { expect, test } from 'vitest';
import { baseDockerfile, debootstrapCommand, planBaseImage } from './base-image-plan.ts';

const INPUTS = { suite: 'bookworm', architecture: 'amd64', nodeVersion: '26.1.0' };

test('the base is named by what goes into it', () => {
  const plan = planBaseImage(INPUTS);
  expect(planBaseImage({ ...INPUTS })).toEqual(plan);
  expect(plan.reference).toBe(`local.test/node-base:26.1.0-${plan.hash}`);
  const others = [{ suite: 'trixie' }, { architecture: 'arm64' }, { nodeVersion: '26.2.0' }].map(
    (other) => planBaseImage({ ...INPUTS, ...other }).hash,
  );
  expect(new Set([plan.hash, ...others]).size).toBe(4);
});

test('the mirror goes into the command and into nothing that is kept', () => {
  const plan = planBaseImage(INPUTS);
  const source = { mirror: 'http://mirror.example/debian', suite: 'bookworm', keyring: '/keys/debian.gpg' };
  const command = debootstrapCommand(plan, source, '/cache/rootfs');
  expect(command.slice(-3)).toEqual(['bookworm', '/cache/rootfs', source.mirror]);
  expect(command).toContain('--keyring=/keys/debian.gpg');
  expect(`${JSON.stringify(plan)}${baseDockerfile(plan)}`).not.toContain('mirror.example');
});
