import { CODES, type Code, ERRORS, type Fault } from '../core/errors.ts';
import { PARAGRAPHS } from './errors-paragraphs.ts';

const FAULTS: Readonly<Record<Fault, string>> = {
  client: "the sender's",
  upstream: "the back-end's: it counts against the breaker",
  gateway: "the gateway's, or nobody's: it never counts against the breaker",
};

const INTRO = `# Errors

Each way in which a call can fail has one code. It stands in the JSON of an answer that the gateway had to make up
(\`{"error":{"code":…,"message":…}}\`), after \`reason=\` in the \`Breakwater-Answer\` header, in the label \`reason\` of
\`breakwater_answers_total\` and in the log. The status below is what WCS gets when no rung of the ladder has anything
better, so for most of the codes WCS sees a 200 and the code is only told beside it.

This page is made by \`npm run docs\` from the table in the source; a test holds that each code has its paragraph.
`;

const writeParagraph = (code: Code): string => {
  const { happened, got, remedy } = PARAGRAPHS[code];
  const { status, fault, message } = ERRORS[code];
  return `## ${code}

Status ${status}, "${message}". Whose fault: ${FAULTS[fault]}.

${happened}

**WCS got:** ${got}
**What to do:** ${remedy}
`;
};

/** `docs/errors.md`: for each code what happened, what WCS got and what to do. */
export const errorsDocument = {
  file: 'docs/errors.md',
  render: (): string => [INTRO, ...CODES.map(writeParagraph)].join('\n'),
};
