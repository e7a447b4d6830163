import { writeFile } from 'node:fs/promises';

/** The lab's API server asks nobody who they are, so a kubeconfig is little more than its address. */
export async function writeKubeconfig(file: string, lab: string, server: string): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': lab,
    clusters: [{ name: lab, cluster: { server } }],
    contexts: [{ name: lab, context: { cluster: lab, user: lab } }],
    users: [{ name: lab, user: {} }],
  };
  // YAML is a superset of JSON.
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}
