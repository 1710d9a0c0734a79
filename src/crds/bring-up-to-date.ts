import type { CallOptions, KubernetesClient } from '../kubernetes/client.ts';
import type { CustomResourceDefinition } from '../kubernetes/custom-resource-definition.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { CUSTOM_RESOURCE_DEFINITIONS } from '../kubernetes/resource-kind.ts';
import type { Logger } from '../runtime/logger.ts';
import { type Definition, type DefinitionPlan, planDefinition } from './plan.ts';

export interface UpdateContext {
  readonly client: KubernetesClient;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Makes each definition what the chart has, unless the cluster's is newer. All are looked at before one is written.
 * Throws when one would lose what resources may use, and with `conflict` when somebody else changed one meanwhile: the
 * kubelet starts the container again, and it goes on from what it finds.
 */
export async function bringUpToDate(definitions: readonly Definition[], ctx: UpdateContext): Promise<void> {
  const plans: Planned[] = [];
  for (const ours of definitions) {
    const live = await find(ours.name, ctx);
    plans.push({ ours, live, plan: planDefinition(ours, live) });
  }
  const refused = plans.flatMap(({ ours, plan }) =>
    plan.action === 'refuse' ? [`${ours.name} would lose ${plan.lost.slice(0, 5).join(', ')}`] : [],
  );
  if (refused.length > 0) {
    throw new Error(
      `the definitions in the cluster and in the chart each have what the other has not: ${refused.join('; ')}. ` +
        'Install a version of the driver that has both, see docs/operations.md, "Definitions of the resources"',
    );
  }
  for (const planned of plans) await carryOut(planned, ctx);
}

interface Planned {
  readonly ours: Definition;
  readonly live: CustomResourceDefinition | undefined;
  readonly plan: DefinitionPlan;
}

function inTime({ signal }: UpdateContext): CallOptions {
  return { signal, timeoutMs: 30_000 };
}

async function find(name: string, ctx: UpdateContext): Promise<CustomResourceDefinition | undefined> {
  try {
    return await ctx.client.get(CUSTOM_RESOURCE_DEFINITIONS, name, inTime(ctx));
  } catch (error) {
    if (isKubernetesError(error, 'not-found')) return undefined;
    throw error;
  }
}

async function carryOut({ ours, live, plan }: Planned, ctx: UpdateContext): Promise<void> {
  const { client, log } = ctx;
  if (plan.action === 'create') {
    await client.create(CUSTOM_RESOURCE_DEFINITIONS, ours, inTime(ctx));
  } else if (plan.action === 'replace' && live !== undefined) {
    await client.replaceSpec(CUSTOM_RESOURCE_DEFINITIONS, live, ours.spec, inTime(ctx));
  }
  log.info({ definition: ours.name, action: plan.action }, 'looked at the definition of a resource');
}
