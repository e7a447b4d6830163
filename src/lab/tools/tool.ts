/** What the lab needs of the machine, found or fetched. */
export interface ToolSet {
  /** Directories to put in front of PATH, without those that are in it already. */
  readonly directories: readonly string[];
}
