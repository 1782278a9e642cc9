/** What an import does, in words. */
import type { ImportLine, ImportReport } from '$api/many';
import { shortDate, term } from '$lib/dates';
import { t } from '$lib/i18n.svelte';
import { Problem } from '$lib/problem';

/** “120 sensors are added, 15 take a second license; 135 of 140 licenses are taken.” */
export function summary(report: ImportReport): string {
  const { many } = t;
  const parts = [
    report.added && many.added(report.added),
    report.brought_back && many.broughtBack(report.brought_back),
    report.assigned && many.assigned(report.assigned, report.assigned_licenses),
    report.renamed && many.renames(report.renamed),
    report.auto_renewal_changed && many.switches(report.auto_renewal_changed),
    report.renewed && many.renewed(report.renewed),
    report.unchanged && many.unchanged(report.unchanged),
  ].filter((part): part is string => Boolean(part));
  return `${parts.join(', ') || many.nothing}.`;
}

/** What a line does, or why it cannot. */
export function told(line: ImportLine): string {
  const { many } = t;
  if (line.outcome === 'error') {
    if (line.code === 'not_found') return many.noSuchKey;
    return new Problem(line.code ?? 'unknown', 409, line.detail ?? '').sentence;
  }
  const [first, last] = [line.licenses[0], line.licenses.at(-1)];
  const until = last ? shortDate(last.expires_on) : '';
  const parts: string[] = [];
  if (line.outcome === 'add' && first) parts.push(line.licenses.length > 1 ? `${many.adds(term(first.term), until)} (${line.licenses.length})` : many.adds(term(first.term), until));
  else if (line.outcome === 'comes_back') parts.push(many.comesBack);
  if (line.outcome !== 'add' && last && !line.changes.includes('renewed')) parts.push(many.takes(line.licenses.length, until));
  parts.push(...line.changes.map((change) => many.changes[change]));
  return parts.join('; ') || many.stays;
}
