import { type Step, runSteps } from '../cluster/steps.ts';
import { ensureBaseImage, localBaseImage } from './base-image.ts';
import { type ImageStore, withImageStore } from './buildah.ts';
import { type DriverBuild, buildDriverImage, isCurrent, readDriverBuild } from './driver-image.ts';
import type { ImageContext } from './image-context.ts';
import type { BaseImagePlan } from './base-image-plan.ts';

async function inStore(
  context: ImageContext,
  report: (line: string) => void,
  work: (store: ImageStore) => Promise<void>,
): Promise<void> {
  await withImageStore(context, (holder) => report(`waiting for ${holder}`), work);
}

function baseStep(plan: BaseImagePlan, context: ImageContext): Step {
  return {
    title: `Base image ${plan.reference}`,
    async run(report) {
      await inStore(
        context,
        report,
        async (store) => await ensureBaseImage(plan, context, { store, report }),
      );
    },
  };
}

function driverStep(build: DriverBuild, context: ImageContext): Step {
  return {
    title: 'Driver image',
    async run(report) {
      await inStore(
        context,
        report,
        async (store) => await buildDriverImage(build, context, { store, report }),
      );
    },
  };
}

/** Makes a base image of our own from the machine's package sources and npm, once; later calls find it. */
export async function makeBaseImage(context: ImageContext): Promise<void> {
  await runSteps([baseStep(await localBaseImage(context), context)], context);
}

/** Brings the driver's archive up to date, from `base` where one is named, else from a base of our own; gives back whether there was anything to do. */
export async function makeDriverImage(
  base: string | undefined,
  context: ImageContext,
): Promise<'built' | 'current'> {
  const own = base === undefined ? await localBaseImage(context) : undefined;
  const build = readDriverBuild(context, own?.reference ?? base ?? '');
  if (isCurrent(build, context)) return 'current';
  const steps = own === undefined ? [] : [baseStep(own, context)];
  await runSteps([...steps, driverStep(build, context)], context);
  return 'built';
}
