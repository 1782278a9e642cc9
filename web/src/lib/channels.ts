/** What channels measure, and how their values are written. The names of the types are the server's. */
import { t } from './i18n.svelte';
import { current } from './language.svelte';

interface Kind {
  unit: string;
  decimals: number;
  binary?: true;
}

const kind = (unit: string, decimals = 0): Kind => ({ unit, decimals });
const binary: Kind = { unit: '', decimals: 0, binary: true };

const KINDS = {
  temperature: kind('°C', 1),
  humidity: kind('%'),
  humidity_accurate: kind('%', 1),
  atmospheric_pressure: kind('hPa', 1),
  differential_pressure: kind('Pa'),
  high_pressure: kind('kPa'),
  ok_alarm: binary,
  flooding: binary,
  output_control: binary,
  iaq: kind('IAQ'),
  static_iaq: kind('sIAQ'),
  co2_gas: kind('ppm'),
  co2_equivalent: kind('ppm'),
  breath_voc: kind('ppm'),
  co_gas: kind('ppm'),
  no2_gas: kind('ppm'),
  nh3_gas: kind('ppm'),
  ch4_gas: kind('ppm'),
  h2s_gas: kind('ppm', 2),
  pm_1_0: kind('µg/m³'),
  pm_2_5: kind('µg/m³'),
  pm_10_0: kind('µg/m³'),
  noise_level: kind('dB', 1),
  ambient_light: kind('lx', 1),
  soil_moisture: kind('kPa'),
  distance_mm: kind('mm'),
  percentage: kind('%', 2),
  voltage: kind('mV', 1),
  current: kind('mA', 2),
  current_precise: kind('mA', 3),
  resistance: kind('Ω'),
  pulse_cnt: kind('pulses'),
  pulse_cnt_acc_minor: kind('pulses'),
  pulse_cnt_acc_major: kind('kpulses'),
  pulse_cnt_acc_wide_minor: kind('pulses'),
  pulse_cnt_acc_wide_major: kind('Mpulses'),
  electricity_meter: kind('Wh'),
  elec_meter_acc_minor: kind('Wh'),
  elec_meter_acc_major: kind('kWh'),
  water_meter: kind('l'),
  water_meter_acc_minor: kind('l'),
  water_meter_acc_major: kind('hl'),
  shared_modem: kind(''),
  no_sensor: kind(''),
} satisfies Record<string, Kind>;

type ChannelType = keyof typeof KINDS;

/** The types that a rule may watch: all but counters. */
export const WATCHED_TYPES = (Object.keys(KINDS) as ChannelType[]).filter((type) => !['shared_modem', 'no_sensor'].includes(type) && !type.includes('_acc_'));

const known = (type: string): Kind => (KINDS as Record<string, Kind>)[type] ?? kind('', 2);

export const isBinary = (type: string): boolean => known(type).binary === true;
export const decimalsOf = (type: string): number => known(type).decimals;

/** “Temperature”. */
export function channelName(type: string): string {
  return (t.sensors.channels as Record<string, string>)[type] ?? type;
}

/** The unit as it is written in the language: pulses have a word, the others a sign. */
export function unitOf(type: string): string {
  const { unit } = known(type);
  return (t.sensors.unitWords as Record<string, string>)[unit] ?? unit;
}

/** The two words of a type with two states: off, on. */
export function states(type: string): [string, string] {
  return (t.sensors.states as unknown as Record<string, [string, string]>)[type] ?? [t.shell.off, t.shell.on];
}

/** A value with its unit: “7.3 °C”, “Open”. `extra` digits are for means. */
export function reading(type: string, value: number, extra = 0): string {
  const { unit, decimals, binary: two } = known(type);
  if (two) return states(type)[value >= 0.5 ? 1 : 0];
  const digits = decimals + extra;
  const options: Intl.NumberFormatOptions = { minimumFractionDigits: decimals, maximumFractionDigits: digits };
  // Whether a space stands before the percent sign is the language's; before other units there is one (SI).
  if (unit === '%') return value.toLocaleString(current.locale, { ...options, style: 'unit', unit: 'percent' });
  const written = value.toLocaleString(current.locale, options);
  return unit ? `${written}\u00a0${unitOf(type)}` : written;
}
