/** Rows of the decisions' tables and faults of which a run of the model may leave none out. */
export const EXPECTED: readonly string[] = [];
