/** Syncthing's databases below its home: that of 2.x, and that of 1.x, which 2.x renames when it has taken it over. */
export const INDEX_DIRECTORIES = ['index-v2', 'index-v0.14.0.db'] as const;

/** A file of ours in them, which names the database and goes with it (docs/handoff.md, rule 16). */
export const INDEX_MARK = 'syncthing-csi';
