import type { Io } from '../io.ts';
import { drawPhase, drawPlainHead } from './lines.ts';
import { SCRIPT } from './script.ts';
import { drawTable } from './table.ts';
import type { Report } from './tally.ts';
import type { Load } from './traffic.ts';

/** How the demo shows what goes on. */
export interface View {
  open(): void;
  show(report: Report): void;
  /** Leaves the screen as a shell expects it; may be called again. */
  close(): void;
}

type Screen = Io['stdout'];

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_LINE = '\x1b[K';

/** A table that is drawn anew in its place. */
export const liveView = (screen: Screen, load: Load, colour: boolean): View => {
  let drawn = 0;
  return {
    open: () => screen.write(HIDE_CURSOR),
    show: report => {
      const lines = drawTable(load, report, colour);
      const up = drawn > 0 ? `\x1b[${drawn}A` : '';
      screen.write(up + lines.map(line => `${line}${CLEAR_LINE}\n`).join(''));
      drawn = lines.length;
    },
    close: () => screen.write(SHOW_CURSOR),
  };
};

/** A block of lines for each phase, written when the last of its hooks is over. */
export const plainView = (screen: Screen, load: Load): View => {
  let written = 0;
  return {
    open: () => screen.write(drawPlainHead(load)),
    show: ({ phase, phases, over }) => {
      for (let pair = phases[written]; pair && (over || written < phase); pair = phases[written]) {
        if (pair.without.open + pair.with.open > 0) return;
        screen.write(drawPhase(SCRIPT[written]?.name ?? '', SCRIPT[written]?.says ?? '', pair));
        written++;
      }
    },
    close: () => {},
  };
};
