/** One channel drawn by uPlot: its line, its band from lowest to highest, and the time without cover. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { decimalsOf, isBinary, states } from '$lib/channels';
import { zone } from '$lib/dates';
import { t } from '$lib/i18n.svelte';
import { current, number } from '$lib/language.svelte';
import { scale } from '$lib/scale';
import { session } from '$lib/session.svelte';
import type { Series, Span } from './series';

export interface Drawn {
  series: Series;
  from: number;
  to: number;
  spans: Span[];
  /** The axis of time is written under the last of several charts. */
  timeAxis: boolean;
  height: number;
  width: number;
  onpoint: (at: number | undefined) => void;
  onzoom: (from: number, to: number) => void;
}

/** What a custom property comes to, as a canvas needs it. */
function color(element: Element, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const text = getComputedStyle(probe).color;
  probe.remove();
  return text;
}

/** The steps of an axis of values: 1, 2, 5, 10 … of the smallest step that the type has, so that no label is rounded. */
const steps = (decimals: number): number[] => Array.from({ length: 12 + decimals }, (_, e) => [1, 2, 5].map((digit) => Number(`${digit}e${e - decimals}`))).flat();

const DAY = 86400;

function label(at: number, step: number, first: boolean, before: number | undefined): string {
  const timeZone = zone();
  const write = (options: Intl.DateTimeFormatOptions, when = at): string => new Intl.DateTimeFormat(current.locale, { timeZone, ...options }).format(when * 1000).replace('Sept', 'Sep');
  const year = (when: number): string => write({ year: 'numeric' }, when);
  const newYear = first || (before !== undefined && year(at) !== year(before));
  if (step >= 300 * DAY) return year(at);
  if (step >= 26 * DAY) return write({ month: 'short' }) + (newYear ? `\n${year(at)}` : '');
  const day = write({ day: 'numeric', month: 'short' });
  if (step >= DAY * 0.9) return day + (newYear ? `\n${year(at)}` : '');
  const newDay = first || (before !== undefined && write({ day: 'numeric', month: 'short' }, before) !== day);
  return write({ hour: '2-digit', minute: '2-digit', ...(step < 60 ? { second: '2-digit' } : {}) }) + (newDay ? `\n${day}` : '');
}

/** Slanting lines over the time without cover, with its name where there is room, and the instant at which the cover ended. */
function shade(u: uPlot, spans: Span[], line: string, soft: string, bad: string): void {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const ratio = devicePixelRatio * scale();
  const licensed = session.may('read_licenses');
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (const { from, to } of spans) {
    const x0 = Math.max(left, u.valToPos(from, 'x', true));
    const x1 = Math.min(left + width, u.valToPos(to, 'x', true));
    if (x1 <= x0) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x0, top, x1 - x0, height);
    ctx.clip();
    ctx.strokeStyle = line;
    ctx.lineWidth = ratio;
    ctx.beginPath();
    for (let x = x0 - height; x < x1; x += 8 * ratio) {
      ctx.moveTo(x, top + height);
      ctx.lineTo(x + height, top);
    }
    ctx.stroke();
    ctx.font = `${12 * ratio}px ui-sans-serif, system-ui, sans-serif`;
    ctx.textBaseline = 'top';
    ctx.textAlign = 'center';
    // Licenses are not for everyone; that nothing was saved is.
    const words = [...(licensed ? [t.sensors.uncovered] : []), t.sensors.uncoveredShort].find((text) => ctx.measureText(text).width < x1 - x0 - 16 * ratio);
    if (words) {
      const half = ctx.measureText(words).width / 2 + 6 * ratio;
      const middle = (x0 + x1) / 2;
      ctx.fillStyle = color(u.root, '--card');
      ctx.fillRect(middle - half, top + 6 * ratio, half * 2, 18 * ratio);
      ctx.fillStyle = soft;
      ctx.fillText(words, middle, top + 9 * ratio);
    }
    ctx.restore();
    if (u.valToPos(from, 'x', true) >= left) {
      ctx.strokeStyle = bad;
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash([4 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x0, top);
      ctx.lineTo(x0, top + height);
      ctx.stroke();
      ctx.setLineDash([]);
      const before = ctx.measureText(t.sensors.expired).width + 16 * ratio;
      if (licensed && x0 - left > before) {
        ctx.font = `${12 * ratio}px ui-sans-serif, system-ui, sans-serif`;
        ctx.textBaseline = 'top';
        ctx.textAlign = 'right';
        ctx.fillStyle = color(u.root, '--card');
        ctx.fillRect(x0 - before, top + 6 * ratio, before - 2 * ratio, 18 * ratio);
        ctx.fillStyle = bad;
        ctx.fillText(t.sensors.expired, x0 - 7 * ratio, top + 9 * ratio);
      }
    }
  }
  ctx.restore();
}

export function plot(element: HTMLElement, { series, from, to, spans, timeAxis, height, width, onpoint, onzoom }: Drawn): uPlot {
  const accent = color(element, '--accent');
  const soft = color(element, '--soft');
  const line = color(element, '--line');
  const bad = color(element, '--bad');
  const cover = color(element, '--cover');
  const card = color(element, '--card');
  const two = isBinary(series.type);
  const large = scale();
  // uPlot reads whole pixels only.
  const font = `${Math.round(12 * large)}px ui-sans-serif, system-ui, sans-serif`;
  const decimals = decimalsOf(series.type);
  const hidden = { points: { show: false } };

  return new uPlot(
    {
      width,
      height,
      padding: [8, 20, timeAxis ? 0 : 6, 0],
      legend: { show: false },
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone()),
      scales: {
        x: { time: true, range: () => [from, to] },
        y: two
          ? { range: () => [-0.2, 1.2] }
          : {
              range: (_, low, high) => {
                if (low == null || high == null) return [0, 1];
                const room = Math.max((high - low) * 0.12, 10 ** -decimals);
                return [low - room, high + room];
              },
            },
      },
      axes: [
        {
          size: timeAxis ? 40 * large : 0,
          gap: timeAxis ? 6 : 0,
          font,
          stroke: soft,
          grid: { stroke: line, width: 1 },
          ticks: { show: false },
          space: 72 * large,
          values: (_, splits, __, ___, step) => splits.map((at, place) => (timeAxis ? label(at, step, place === 0, splits[place - 1]) : '')),
        },
        {
          size: 56 * large,
          gap: 8,
          font,
          stroke: soft,
          grid: { stroke: line, width: 1 },
          ticks: { show: false },
          space: 36 * large,
          ...(two ? { splits: () => [0, 1] } : { incrs: steps(decimals) }),
          values: (_, splits, __, ___, step) =>
            splits.map((value) => (two ? states(series.type)[value === 1 ? 1 : 0] : number(value, Math.max(0, -Math.floor(Math.log10(step) + 1e-9))))),
        },
      ],
      series: [
        {},
        { stroke: 'transparent', width: 0, ...hidden },
        { stroke: 'transparent', width: 0, ...hidden },
        {
          stroke: accent,
          width: series.sliced ? 1.25 : 1.75,
          ...(two && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
          points: {
            show: (u, at, first, last) => {
              const data = u.data[at] ?? [];
              // A value alone between gaps has no line to be seen by.
              return last - first < 40 || data.filter((value) => value !== null).length < 3;
            },
            size: 4,
            fill: accent,
            width: 0,
          },
        },
      ],
      bands: [{ series: [2, 1], fill: cover }],
      cursor: {
        drag: { x: true, y: false, setScale: false },
        y: false,
        points: { size: (_, place) => (place === 3 ? 9 : 0), width: 2, fill: accent, stroke: card },
      },
      hooks: {
        drawAxes: [(u) => shade(u, spans, line, soft, bad)],
        setCursor: [
          (u) => {
            const at = u.cursor.left != null && u.cursor.left >= 0 ? u.posToVal(u.cursor.left, 'x') : undefined;
            onpoint(at);
          },
        ],
        setSelect: [
          (u) => {
            if (u.select.width < 8) return;
            const zoomed = [u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')] as const;
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            if (zoomed[1] - zoomed[0] >= 60) onzoom(...zoomed);
          },
        ],
      },
    },
    [series.at, series.low, series.high, series.value],
    element,
  );
}
