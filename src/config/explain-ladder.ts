import type { Hook } from '../hooks/catalogue.ts';
import { autoLadder } from '../hooks/ladder.ts';
import type { Statement } from './fact.ts';
import { formatDuration } from './text.ts';
import type { HookSettings, Rung } from './types.ts';

const everythingBut = (volatile: readonly string[]): string =>
  `everything in the body except ${volatile.join(', ')}${volatile.includes('sessionId') ? " (but with the client's address in it)" : ''}`;

/** What tells one caller from another. */
export const ofKey = ({ key, keepFor }: HookSettings, { keyed, volatile }: Hook): Statement => {
  const byRule = keyed ? everythingBut(volatile) : 'none';
  return {
    name: 'key',
    value: key ? key.join(', ') : byRule,
    meaning:
      key || keyed
        ? `calls that agree in this are the same caller; its last verdict is kept for ${formatDuration(keepFor)}`
        : 'nothing tells one caller from another, so no answer is kept',
    key: ['key'],
    rule: 'the hook catalogue',
  };
};

const RUNGS: Readonly<Record<string, string>> = {
  cached: "the back-end's last verdict on the same caller, if one is kept",
  echo: '200 with the request itself, so WCS goes on as the client asked',
  store: '200 with the request itself, once the event is on disk; it is delivered when the back-end is back',
  refuse: '403',
  unavailable: '503, so WCS does what its restOnError says',
  provisional:
    '200 with the request and a restClientConfig that sets FAIL on every hook that decides; the session does nothing until the back-end admits it',
  body: '200 with the JSON that is configured',
  file: '200 with the JSON of the file',
};

const rungWord = (rung: Rung): string => (typeof rung === 'string' ? rung : (Object.keys(rung)[0] ?? ''));

const nameOf = (rung: Rung): string => (typeof rung === 'string' ? rung : `{ ${rungWord(rung)}: … }`);

/** What WCS makes of an error, and of a 200 that says nothing new. */
const CONSEQUENCES = {
  always: {
    unavailable: '503, which refuses',
    refuse: '403, which refuses',
    echo: '200 with the request itself, which admits',
  },
  never: {
    unavailable: '503, which changes nothing',
    refuse: '403, which changes nothing',
    echo: '200 with the request itself',
  },
  'by-policy': {},
} as const satisfies Record<Hook['decides'], Partial<Record<string, string>>>;

const meaningOf = (rung: Rung, { decides }: Hook): string | undefined => {
  if (typeof rung === 'object' && 'echo' in rung) return '200 with the request, changed as configured';
  const word = rungWord(rung);
  const consequences: Readonly<Record<string, string>> = CONSEQUENCES[decides];
  return consequences[word] ?? RUNGS[word];
};

/** `when` is what the value begins with. */
const ladderStatement = (when: string, rungs: readonly Rung[], hook: Hook): Statement => ({
  name: 'fallback',
  value: `${when}${rungs.map(nameOf).join(', then ') || 'nothing can be used'}`,
  meaning: `if the back-end does not answer in time: ${rungs.map(rung => meaningOf(rung, hook)).join('; else ') || 'the failure itself, as a 5xx'}`,
  key: ['fallback'],
  rule: 'auto, which chooses by what the answer means',
});

/** What WCS gets without the back-end; where `auto` looks at the session, one statement for each case. */
export const ofLadder = ({ fallback, key }: HookSettings, hook: Hook): readonly Statement[] => {
  const keyed = hook.keyed || key !== undefined;
  if (fallback !== 'auto')
    return [
      ladderStatement(
        '',
        fallback.filter(rung => rung !== 'cached' || keyed),
        hook,
      ),
    ];
  const [unseen, harmless] = [undefined, false].map(decides => autoLadder(hook, keyed, decides));
  if (!unseen || !harmless || unseen.join() === harmless.join()) return [ladderStatement('auto: ', unseen ?? [], hook)];
  return [
    ladderStatement('auto, if the session says FAIL or OVERWRITE or is not known: ', unseen, hook),
    ladderStatement('auto, if the session says LOG and NOTIFY: ', harmless, hook),
  ];
};
