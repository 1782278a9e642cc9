/**
 * The steps of “what if” as the address holds them, so that a plan can be sent to a colleague:
 * `redeem.5.P2Y~off.0193a.0193b~assign.7KQ2M-….0193c~remove.0193d~replace.0193e.282C02424EED`.
 */
import type { Step } from '$api/forecast';

const PREFIX = 'sen_';
const short = (id: string): string => (id.startsWith(PREFIX) ? id.slice(PREFIX.length) : `!${id}`);
const whole = (text: string): string => (text.startsWith('!') ? text.slice(1) : PREFIX + text);

export function encode(steps: Step[]): string {
  return steps.map(encodeStep).join('~');
}

function encodeStep(step: Step): string {
  switch (step.do) {
    case 'redeem':
      return `redeem.${step.licenses}.${step.term}`;
    case 'auto_renewal':
      return [step.on ? 'on' : 'off', ...step.sensor_ids.map(short)].join('.');
    case 'assign':
      return ['assign', step.key ?? '', ...step.sensor_ids.map(short)].join('.');
    case 'remove':
      return ['remove', ...step.sensor_ids.map(short)].join('.');
    case 'replace':
      return `replace.${short(step.sensor_id)}.${step.serial}`;
  }
}

/** What cannot be read is left out. */
export function decode(text: string): Step[] {
  return text.split('~').flatMap((part) => decodeStep(part) ?? []);
}

function decodeStep(text: string): Step | undefined {
  const [verb, ...rest] = text.split('.');
  const [first = '', second = ''] = rest;
  const sensors = (from = 0): string[] => rest.slice(from).filter(Boolean).map(whole);
  switch (verb) {
    case 'redeem': {
      const licenses = Number(first);
      return Number.isSafeInteger(licenses) && licenses > 0 && /^P(\d+[YMWD])+$/.test(second) ? { do: 'redeem', licenses, term: second } : undefined;
    }
    case 'on':
    case 'off':
      return sensors().length ? { do: 'auto_renewal', sensor_ids: sensors(), on: verb === 'on' } : undefined;
    case 'assign':
      return sensors(1).length ? { do: 'assign', sensor_ids: sensors(1), ...(first ? { key: first } : {}) } : undefined;
    case 'remove':
      return sensors().length ? { do: 'remove', sensor_ids: sensors() } : undefined;
    case 'replace':
      return first && second ? { do: 'replace', sensor_id: whole(first), serial: second } : undefined;
    default:
      return undefined;
  }
}

/** An address that is longer does not pass everywhere. */
export const LONGEST = 6000;
/** What the address says of steps that are too long for it: they are kept in the browser's tab. */
export const KEPT = 'kept';
const name = (organization: string): string => `tenure.what-if.${organization}`;

/** What the address is to say; undefined for no steps. */
export function keep(steps: Step[], organization: string, storage: Pick<Storage, 'setItem'>): string | undefined {
  if (!steps.length) return undefined;
  const text = encode(steps);
  if (text.length <= LONGEST) return text;
  storage.setItem(name(organization), text);
  return KEPT;
}

export function kept(text: string, organization: string, storage: Pick<Storage, 'getItem'>): Step[] {
  return decode(text === KEPT ? (storage.getItem(name(organization)) ?? '') : text);
}

/** The sensors that a step names. */
export function sensorsOf(step: Step): string[] {
  return step.do === 'redeem' ? [] : step.do === 'replace' ? [step.sensor_id] : step.sensor_ids;
}
