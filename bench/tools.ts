import { join } from 'node:path';
import { isThere, remedy, type Tool } from '../test/tools.ts';

const JARS = '/usr/share/java';

/** What Apache HttpClient consists of in Debian. */
export const HTTP_CLIENT_JARS: readonly string[] = [
  'httpclient.jar',
  'httpcore.jar',
  'commons-logging.jar',
  'commons-codec.jar',
].map(jar => join(JARS, jar));

const PROGRAMS: readonly Tool[] = [
  { program: 'gcc', debian: 'build-essential', purpose: 'compiles the load' },
  { program: 'nginx', debian: 'nginx', purpose: 'is a rival' },
  { program: 'haproxy', debian: 'haproxy', purpose: 'is a rival' },
  { program: 'redis-server', debian: 'redis-server', purpose: 'is the shared tier' },
  { program: 'slowhttptest', debian: 'slowhttptest', purpose: 'plays slow clients' },
  { program: 'java', debian: 'default-jdk-headless', purpose: 'runs the pooled client and the simulated WCS' },
  { program: 'javac', debian: 'default-jdk-headless', purpose: 'compiles them' },
];

/** What `npm run bench` uses; a section without its own says so and leaves that out. */
export const BENCH_TOOLS: readonly Tool[] = [
  ...PROGRAMS,
  ...HTTP_CLIENT_JARS.slice(0, 1).map(file => ({
    program: 'httpclient.jar',
    file,
    debian: 'libhttpclient-java',
    purpose: 'is the HTTP client of both',
  })),
];

/** What is missing of these programs, and the remedy. */
export const missingTool = (programs: readonly string[]): string | undefined => {
  const absent = BENCH_TOOLS.find(tool => programs.includes(tool.program) && !isThere(tool));
  return absent && remedy(absent);
};
