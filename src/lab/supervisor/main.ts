/** lab-supervisor: everything of a lab but its namespaces, which the launcher made around it. */
import { supervisorConfigSchema } from './config.ts';
import { openEventChannel } from './events.ts';
import { runSupervisor } from './run.ts';

const config = supervisorConfigSchema.parse(JSON.parse(process.argv[2] ?? 'null'));
const events = openEventChannel(config.eventFd);
process.title = `lab-supervisor ${config.name}`;
const status = await runSupervisor(config, events);
await events.flush();
process.exit(status);
