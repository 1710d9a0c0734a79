/** csi-sanity's ginkgo JSON report: each spec with its outcome, and for a skip its reason. */
import { z } from 'zod';

const spec = z.object({
  ContainerHierarchyTexts: z.array(z.string()).nullish(),
  LeafNodeText: z.string(),
  LeafNodeType: z.string(),
  State: z.string(),
  Failure: z.object({ Message: z.string() }).optional(),
});
const suites = z.array(z.object({ SpecReports: z.array(spec).nullish() }));

export interface Outcome {
  readonly name: string;
  readonly state: 'passed' | 'skipped' | 'failed' | 'pending';
  readonly message: string;
}

function stateOf(state: string): Outcome['state'] {
  if (state === 'passed' || state === 'skipped' || state === 'pending') return state;
  return 'failed';
}

/** Specs alone: ginkgo also reports its own set-up nodes. */
export function parseReport(text: string): readonly Outcome[] {
  const reports = suites.parse(JSON.parse(text)).flatMap((suite) => suite.SpecReports ?? []);
  return reports
    .filter((report) => report.LeafNodeType === 'It')
    .map((report) => ({
      name: [...(report.ContainerHierarchyTexts ?? []), report.LeafNodeText].join(' '),
      state: stateOf(report.State),
      message: report.Failure?.Message ?? '',
    }));
}
