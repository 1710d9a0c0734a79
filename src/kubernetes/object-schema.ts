import { z } from 'zod';
import type { Condition, ObjectIdentity } from '../desired/object.ts';
import { KubernetesError } from './errors.ts';

/** Whole numbers that a double holds exactly; the API server refuses negative ones by the CRDs. */
export const count = z.int().nonnegative();

/** `metav1.ObjectMeta` as far as everything of ours needs it. */
export const metadataSchema = z.object({
  name: z.string().min(1),
  namespace: z.string().exactOptional(),
  uid: z.string().min(1),
  resourceVersion: z.string().min(1),
  generation: z.int().default(0),
  finalizers: z.array(z.string()).default([]),
  labels: z.record(z.string(), z.string()).default({}),
  deletionTimestamp: z.string().exactOptional(),
});

export type Metadata = z.infer<typeof metadataSchema>;

export const conditionSchema: z.ZodType<Condition> = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
});

/** The part of the metadata that domain types carry. */
export function identityOf(metadata: Metadata): ObjectIdentity {
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation,
    finalizers: metadata.finalizers,
    ...(metadata.deletionTimestamp === undefined ? {} : { deletionTimestamp: metadata.deletionTimestamp }),
  };
}

/** Parses or throws `unexpected`, naming the object and the field; the value itself may be a secret and is left out. */
export function parseObject<T>(schema: z.ZodType<T>, kind: string, raw: unknown): T {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'object'}: ${issue.message}`);
  throw new KubernetesError('unexpected', `${kind} ${nameIn(raw)} cannot be read: ${issues.join('; ')}`);
}

/** The name of an object that may be anything. */
export function nameIn(raw: unknown): string {
  const named = z.object({ metadata: z.object({ name: z.string() }) }).safeParse(raw);
  return named.success ? named.data.metadata.name : 'without a name';
}
