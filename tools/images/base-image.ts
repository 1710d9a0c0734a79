import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runCommand } from '../host/run-command.ts';
import { type BaseImagePlan, baseDockerfile, planBaseImage } from './base-image-plan.ts';
import { ensureRootfs, rootfsArchive } from './base-rootfs.ts';
import { type ImageStore, hasImage } from './buildah.ts';
import { readDistribution } from './find-package-source.ts';
import type { ImageContext } from './image-context.ts';

const manifest = z.object({ devDependencies: z.object({ node: z.string() }) });

/** The base that this machine and this checkout's package.json ask for. */
export async function localBaseImage(context: ImageContext): Promise<BaseImagePlan> {
  const { devDependencies } = manifest.parse(
    JSON.parse(readFileSync(join(context.checkout, 'package.json'), 'utf8')),
  );
  const architecture = (
    await runCommand(['dpkg', '--print-architecture'], { signal: context.signal })
  ).trim();
  return planBaseImage({ suite: readDistribution().suite, architecture, nodeVersion: devDependencies.node });
}

/** Puts the base into the store unless it is there, from the cache where that has it, else from the package sources. */
export async function ensureBaseImage(
  plan: BaseImagePlan,
  context: ImageContext,
  options: { readonly store: ImageStore; readonly report: (line: string) => void },
): Promise<void> {
  const { store, report } = options;
  if (await hasImage(store, plan.reference)) return;
  await ensureRootfs(plan, context, report);
  const folder = join(store.scratch, 'base');
  mkdirSync(folder, { recursive: true });
  linkSync(rootfsArchive(plan, context), join(folder, 'rootfs.tar'));
  writeFileSync(join(folder, 'Dockerfile'), baseDockerfile(plan));
  report('into the store');
  await store.run([
    'build',
    '--timestamp',
    '0',
    '--identity-label=false',
    '--layers=false',
    '--tag',
    plan.reference,
    folder,
  ]);
}
