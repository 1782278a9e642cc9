/** An axis of local dates, on which cover is drawn. Days are numbers since 1970 (`dayNumber`). */
import { dateOfDay, dayNumber } from '$lib/dates';
import { current } from '$lib/language.svelte';

interface Tick {
  /** 0 to 100, from the left. */
  x: number;
  label: string;
}

export class Axis {
  constructor(
    readonly from: number,
    readonly to: number,
    readonly today: number,
  ) {}

  /** Where a day begins, in percent; what lies outside is at the edge. */
  x(day: number): number {
    return Math.min(100, Math.max(0, ((day - this.from) / (this.to - this.from)) * 100));
  }

  /** Years, quarters or months, whichever fit. Labels that would meet today's are left out. */
  ticks(most = 8): Tick[] {
    const days = this.to - this.from;
    const months = [1, 3, 6, 12, 24, 60, 120].find((step) => days / (step * 30.44) <= most) ?? 240;
    const ticks: Tick[] = [];
    const first = new Date(this.from * 864e5);
    for (let month = first.getUTCFullYear() * 12 + Math.floor(first.getUTCMonth() / months) * months; ; month += months) {
      const day = Date.UTC(Math.floor(month / 12), month % 12) / 864e5;
      if (day > this.to) return ticks;
      if (day < this.from) continue;
      const year = String(Math.floor(month / 12));
      const label =
        months >= 12 || month % 12 === 0
          ? year
          : new Intl.DateTimeFormat(current.locale, { month: 'short', timeZone: 'UTC' }).format(day * 864e5);
      const x = this.x(day);
      if (x < 98) ticks.push({ x, label });
    }
  }

  /**
   * The axis of a table: a little more than a year back, and ahead as far as the last cover reaches, two years at least and seven
   * at most. It moves by whole months, so that it does not change from day to day.
   */
  static ofTable(today: string, lastCover: string | null | undefined): Axis {
    const now = dayNumber(today);
    const last = lastCover ? dayNumber(lastCover) : now;
    const ahead = Math.min(Math.max(last - now + 60, 730), 7 * 365);
    return new Axis(monthStart(now - 420), monthStart(now + ahead + 31), now);
  }

  /** The axis of one sensor: all that there is, with room on both sides. */
  static around(days: number[], today: string): Axis {
    const now = dayNumber(today);
    const from = Math.min(now - 30, ...days);
    const to = Math.max(now + 180, ...days);
    const room = Math.max(14, (to - from) * 0.04);
    return new Axis(from - room, to + room, now);
  }
}

function monthStart(day: number): number {
  return dayNumber(`${dateOfDay(Math.round(day)).slice(0, 7)}-01`);
}
