// Reads vitest's JSON report and prints the closing lines: what was skipped and why, and the counts.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const tests = report.testResults.flatMap((file) => file.assertionResults);
const skipped = tests.filter(
  (test) => test.status === 'skipped' || test.status === 'pending' || test.status === 'todo',
);
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
);

for (const test of skipped) console.log(`skipped: ${test.fullName}`);
for (const file of brokenFiles) console.log(`did not run: ${file.name}: ${file.message}`);
console.log(
  `${report.numPassedTests} passed, ${report.numFailedTests + brokenFiles.length} failed, ${skipped.length} skipped`,
);
process.exitCode = report.numPassedTests > 0 && brokenFiles.length === 0 ? 0 : 1;
