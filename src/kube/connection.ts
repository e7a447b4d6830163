/** What the agent needs of this folder, in one chunk that is loaded only when a cluster is talked to. */
export { ClusterFeed } from './cluster-feed.ts';
export { loadKubeconfig } from './kubeconfig.ts';
export { createTransport } from './transport.ts';
