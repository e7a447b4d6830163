// Prints a cluster as YAML: 20 namespaces, 200 pods, 1,000 policies. The input of docs/performance.md.

const documents = [];
for (let index = 0; index < 20; index += 1) {
  documents.push({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: `ns-${index}`, labels: { team: `t${index % 4}` } },
  });
}
for (let index = 0; index < 200; index += 1) {
  documents.push({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: `ns-${index % 20}`,
      name: `pod-${index}`,
      labels: { app: `a${index % 10}`, tier: `t${index % 3}` },
    },
    spec: { containers: [{ name: 'c', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }] },
  });
}
for (let index = 0; index < 1000; index += 1) {
  documents.push({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: `ns-${index % 20}`, name: `p-${index}` },
    spec: {
      podSelector: { matchLabels: { app: `a${index % 10}` } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            { podSelector: { matchLabels: { tier: `t${index % 3}` } } },
            { ipBlock: { cidr: `10.${index % 250}.0.0/16` } },
          ],
          ports: [{ port: 8080 }],
        },
      ],
    },
  });
}

const { stringify } = await import('yaml');
process.stdout.write(documents.map((document) => `---\n${stringify(document)}`).join(''));
