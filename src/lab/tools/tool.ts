/** What the lab needs of the machine, and where a Debian has it. */
export interface Tool {
  readonly name: 'nft' | 'ip' | 'conntrack' | 'kubectl';
  /** The Debian package that holds it. */
  readonly debianPackage: string;
  /** Arguments that make it say its version and touch nothing. */
  readonly versionArguments: readonly string[];
  /** Finds the version in what it says. */
  readonly versionPattern: RegExp;
  /** The oldest version that will do, null for any. */
  readonly oldest: string | null;
  /** The lab cannot start without a required tool; the others are only missed by who uses them. */
  readonly required: boolean;
}

export const tools: readonly Tool[] = [
  {
    name: 'nft',
    debianPackage: 'nftables',
    versionArguments: ['--version'],
    versionPattern: /nftables v(\d+(?:\.\d+)+)/,
    oldest: '1.0.6',
    required: true,
  },
  {
    name: 'ip',
    debianPackage: 'iproute2',
    versionArguments: ['-Version'],
    versionPattern: /iproute2-(\d+(?:\.\d+)+)/,
    oldest: null,
    required: true,
  },
  {
    name: 'conntrack',
    debianPackage: 'conntrack',
    versionArguments: ['--version'],
    versionPattern: /conntrack v(\d+(?:\.\d+)+)/,
    oldest: null,
    required: false,
  },
  {
    name: 'kubectl',
    debianPackage: 'kubernetes-client',
    versionArguments: ['version', '--client', '--output=json'],
    versionPattern: /"gitVersion":\s*"v(\d+(?:\.\d+)+)/,
    // The oldest that is content with the OpenAPI v3 of the lab's API server.
    oldest: '1.29',
    required: false,
  },
];

/** Tools found or fetched. */
export interface ToolSet {
  /** Directories to put in front of PATH, without those that are in it already. */
  readonly directories: readonly string[];
}
