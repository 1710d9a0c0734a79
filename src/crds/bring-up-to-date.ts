import type { CallOptions, KubernetesClient } from '../kubernetes/client.ts';
import type { CustomResourceDefinition } from '../kubernetes/custom-resource-definition.ts';
import { ifThere, isKubernetesError } from '../kubernetes/errors.ts';
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
 * Throws when one would lose what resources may use.
 */
export async function bringUpToDate(definitions: readonly Definition[], ctx: UpdateContext): Promise<void> {
  const looked: Looked[] = [];
  for (const ours of definitions) looked.push({ ours, ...(await look(ours, ctx)) });
  const refused = looked.flatMap(({ ours, plan }) => refusal(ours, plan));
  if (refused.length > 0) {
    throw new Error(
      `the definitions in the cluster and in the chart each take what the other does not: ${refused.join('; ')}. ` +
        'Install a version of the driver that takes both, see docs/operations.md, "Definitions of the resources"',
    );
  }
  for (const { ours } of looked) await bringOne(ours, ctx);
}

interface Look {
  readonly live: CustomResourceDefinition | undefined;
  readonly plan: DefinitionPlan;
}

interface Looked extends Look {
  readonly ours: Definition;
}

function refusal(ours: Definition, plan: DefinitionPlan): readonly string[] {
  if (plan.action !== 'refuse') return [];
  const ways = [
    ...inWords('would lose', plan.lost),
    ...inWords('would not take all that it took:', plan.tightened),
  ];
  return [`${ours.name} ${ways.join(', and ')}`];
}

function inWords(how: string, what: readonly string[]): readonly string[] {
  return what.length === 0 ? [] : [`${how} ${what.slice(0, 5).join(', ')}`];
}

async function look(ours: Definition, ctx: UpdateContext): Promise<Look> {
  const live = await find(ours.name, ctx);
  return { live, plan: planDefinition(ours, live) };
}

function inTime({ signal }: UpdateContext): CallOptions {
  return { signal, timeoutMs: 30_000 };
}

async function find(name: string, ctx: UpdateContext): Promise<CustomResourceDefinition | undefined> {
  return ifThere(ctx.client.get(CUSTOM_RESOURCE_DEFINITIONS, name, inTime(ctx)));
}

/** The API server writes the status of a definition that has just come, so that a write may have to be tried again. */
const ATTEMPTS = 10;

async function bringOne(ours: Definition, ctx: UpdateContext): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { live, plan } = await look(ours, ctx);
    try {
      await carryOut(ours, { live, plan }, ctx);
      ctx.log.info({ definition: ours.name, action: plan.action }, 'looked at the definition of a resource');
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || !isKubernetesError(error, 'conflict', 'already-exists')) throw error;
    }
  }
}

async function carryOut(ours: Definition, { live, plan }: Look, ctx: UpdateContext): Promise<void> {
  if (plan.action === 'create') {
    await ctx.client.create(CUSTOM_RESOURCE_DEFINITIONS, ours, inTime(ctx));
  } else if (plan.action === 'replace' && live !== undefined) {
    await ctx.client.replaceSpec(CUSTOM_RESOURCE_DEFINITIONS, live, ours.spec, inTime(ctx));
  } else if (plan.action === 'refuse') {
    throw new Error(`somebody changed it meanwhile: ${refusal(ours, plan).join('; ')}`);
  }
}
