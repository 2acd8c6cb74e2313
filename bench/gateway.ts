import { loadConfig } from '../src/config/load.ts';
import { start } from '../src/server/start.ts';

const { config } = loadConfig(process.argv[2] ?? '', {});
const breakwater = await start(config, { version: '0' });
process.once('SIGTERM', () => void breakwater.close(1000).then(() => process.exit(0)));
