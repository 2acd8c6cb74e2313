import type { JournalProblem } from './journal.ts';

type Tell = (problem: JournalProblem) => void;

const NEAR_FULL = 0.9;
/** Less than what counts as near full, so that it is not told over and over. */
const ROOM = 0.8;

const percent = (share: number): string => `${Math.floor(share * 100)}%`;

/** Tells of what changes, and of nothing twice. */
export interface News {
  /** Redis is in use, and holds so many bytes. */
  up(bytes: number): void;
  down(detail: string): void;
  holds(bytes: number): void;
  doubts(doubts: readonly string[]): void;
}

export const createNews = (maxBytes: number, tell: Tell): News => {
  let isUp: boolean | undefined;
  let isNearFull = false;
  let doubted = '';

  const holds = (bytes: number): void => {
    const share = bytes / maxBytes;
    if (share < (isNearFull ? ROOM : NEAR_FULL) !== isNearFull) return;
    isNearFull = !isNearFull;
    tell({
      code: isNearFull ? 'near-full' : 'room-again',
      message: `${percent(share)} of ${maxBytes} bytes are in use`,
    });
  };

  return {
    holds,
    up(bytes) {
      if (isUp === false) tell({ code: 'working-again', message: 'redis answers' });
      isUp = true;
      holds(bytes);
    },
    down(detail) {
      if (isUp !== false) tell({ code: 'failing', message: `redis cannot be asked: ${detail}` });
      isUp = false;
    },
    doubts(doubts) {
      const message = doubts.join('; ');
      if (message !== doubted && message !== '') tell({ code: 'files', message });
      doubted = message;
    },
  };
};
