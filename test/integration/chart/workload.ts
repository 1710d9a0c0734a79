import { z } from 'zod';

const container = z.object({
  name: z.string(),
  image: z.string(),
  imagePullPolicy: z.string(),
  env: z
    .array(z.object({ name: z.string(), value: z.string().optional(), valueFrom: z.unknown().optional() }))
    .default([]),
  securityContext: z.record(z.string(), z.unknown()),
  volumeMounts: z
    .array(
      z.object({
        name: z.string(),
        mountPath: z.string(),
        mountPropagation: z.string().optional(),
        readOnly: z.boolean().optional(),
      }),
    )
    .default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
});

/** A Deployment, DaemonSet or Job, as far as the tests look. */
export const workload = z.object({
  spec: z.object({
    template: z.object({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({ initContainers: z.array(container).default([]), containers: z.array(container) }),
    }),
  }),
});
export type Workload = z.infer<typeof workload>;
export type Container = z.infer<typeof container>;

export function containersOf({ spec }: Workload): readonly Container[] {
  return [...spec.template.spec.initContainers, ...spec.template.spec.containers];
}

/** What the kubelet fills in. */
const FIELDS: Readonly<Record<string, string>> = {
  'metadata.name': 'pod-1',
  'metadata.namespace': 'syncthing-csi',
  'spec.nodeName': 'n1',
  'status.podIP': '10.0.0.1',
};
const fieldRef = z.object({ fieldRef: z.object({ fieldPath: z.string() }) });

/** The environment of a container as its process sees it. */
export function environmentOf(from: Workload, name: string): Record<string, string> {
  const [found] = containersOf(from).filter((each) => each.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return Object.fromEntries(
    found.env.map((variable) => {
      const field = fieldRef.safeParse(variable.valueFrom);
      return [variable.name, (field.success ? FIELDS[field.data.fieldRef.fieldPath] : variable.value) ?? ''];
    }),
  );
}
