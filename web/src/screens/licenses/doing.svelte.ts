import { previewRenewal, setRenewal, takeBack, type BulkAssignment, type License, type RenewalPreview, type Row } from '$api/licenses';
import { renameSensors } from '$api/many';
import { MOST_CHANGED, switchRenewal } from '$api/sensors';
import { longDate } from '$lib/dates';
import { t } from '$lib/i18n.svelte';
import { Problem } from '$lib/problem';
import { router } from '$lib/router.svelte';
import { announce, toast } from '$lib/toast.svelte';
import type { Selection } from './manager.svelte';
import type { Rows } from './rows.svelte';

/** The licenses of more sensors are not taken back by one click. */
const MOST_UNDONE = 50;

/** The dialog that is open. */
export type Open =
  | { kind: 'code' }
  | { kind: 'add'; row: Row }
  | { kind: 'bulk'; sensors: string[] }
  | { kind: 'common'; sensors: string[] }
  | { kind: 'rename'; rows: Row[] }
  | { kind: 'import' }
  | { kind: 'renewal'; rows: Row[]; ids: string[]; on: boolean; preview: RenewalPreview }
  | { kind: 'back'; row: Row; queued: Row['queued'][number] | undefined };

interface Around {
  organization: string;
  rows: Rows;
  selection: Selection;
  /** Fetches what is true now, and the row that was changed. */
  freshen: (changed?: string) => Promise<void>;
  /** How many licenses are left, as far as is known. */
  left: () => number | undefined;
}

const failed = (thrown: unknown): void => toast.show(Problem.from(thrown).sentence, { tone: 'bad' });

/** What is done to a row or to those that are picked: the dialog that asks, what is said when it is done, and how it is undone. */
export class Doing {
  open = $state.raw<Open>();
  /** The sensor whose switch is waiting for an answer. */
  busy = $state<string>();

  #around: Around;

  constructor(around: Around) {
    this.#around = around;
    if (router.query.get('add') === 'code') this.open = { kind: 'code' };
  }

  close = (): void => {
    this.open = undefined;
    if (router.query.has('add')) router.setQuery({ add: null });
  };

  /** Opens a dialog for the picked ones, unless they are too many. */
  many(kind: 'bulk' | 'common' | 'rename'): void {
    const { selection } = this.#around;
    if (selection.size > MOST_CHANGED) toast.show(t.licenses.atMost(MOST_CHANGED), { tone: 'bad' });
    else this.open = kind === 'rename' ? { kind, rows: selection.rows } : { kind, sensors: selection.ids };
  }

  licenseAdded(row: Row, license: License, wasLeftBehind: boolean): void {
    const { organization, freshen } = this.#around;
    this.close();
    void freshen(row.id);
    const undo = async (): Promise<void> => {
      try {
        await takeBack(organization, row.id, license.license_id);
        announce(t.licenses.add.undone(row.name));
      } catch (thrown) {
        failed(thrown);
      }
      await freshen(row.id);
    };
    toast.show(t.licenses.add.done(row.name, longDate(license.expires_on)), { undo: wasLeftBehind ? undefined : undo });
  }

  manyAssigned({ items }: BulkAssignment): void {
    const { organization, freshen } = this.#around;
    this.#manyDone();
    const undo = async (): Promise<void> => {
      try {
        for (const { sensor_id, license } of [...items].reverse()) await takeBack(organization, sensor_id, license.license_id);
      } catch (thrown) {
        failed(thrown);
      }
      await freshen();
    };
    toast.show(t.licenses.bulk.done(items.length), { undo: items.length > MOST_UNDONE ? undefined : undo });
  }

  broughtToDate(): void {
    this.#manyDone();
  }

  manyRenamed(count: number, before: { sensor_id: string; name: string }[]): void {
    const { organization, freshen } = this.#around;
    this.#manyDone();
    toast.show(t.many.renamed(count), {
      undo: async () => {
        await renameSensors(organization, before).catch(failed);
        await freshen();
      },
    });
  }

  /** Switches where nothing comes of it but what the switch says; else shows first what comes of it. */
  async renewal(ids: string[], on: boolean, of: Row[] = []): Promise<void> {
    if (this.busy) return;
    if (ids.length > MOST_CHANGED) return toast.show(t.licenses.atMost(MOST_CHANGED), { tone: 'bad' });
    const { organization, freshen } = this.#around;
    this.busy = ids[0];
    try {
      const preview = await previewRenewal(organization, ids, on);
      if (preview.stops.length || preview.renewed_now.length || preview.goes_without.length) this.open = { kind: 'renewal', rows: of, ids, on, preview };
      else await this.switchNow(ids, on, preview, of);
    } catch (thrown) {
      failed(thrown);
      void freshen(of[0]?.id);
    } finally {
      this.busy = undefined;
    }
  }

  async switchNow(ids: string[], on: boolean, preview: RenewalPreview, of: Row[]): Promise<void> {
    const { organization, rows, selection, freshen } = this.#around;
    const [row] = of;
    const changes = preview.changed > 0;
    if (row) rows.put(await switchRenewal(organization, row.id, on));
    else await setRenewal(organization, ids, on);
    this.close();
    if (!row) selection.clear();
    void freshen(row?.id);
    if (!changes) return;
    const stop = preview.stops[0];
    const text = row
      ? on
        ? row.standing === 'expired' && !preview.renewed_now.length
          ? t.licenses.renewal.waits(row.name)
          : t.licenses.renewal.isOn(row.name)
        : t.licenses.renewal.isOff(row.name, stop && longDate(stop.on))
      : on
        ? t.licenses.renewal.manyOn(preview.changed)
        : t.licenses.renewal.manyOff(preview.changed);
    // A license that was taken with it is not given back by switching back.
    toast.show(text, {
      undo:
        preview.renewed_now.length || !row
          ? undefined
          : async () => {
              await switchRenewal(organization, row.id, !on).then((back) => rows.put(back), failed);
              await freshen(row.id);
            },
    });
  }

  async taken(row: Row): Promise<void> {
    const { rows, freshen, left } = this.#around;
    this.close();
    rows.put(row);
    await freshen(row.id);
    const count = left();
    if (count !== undefined) toast.show(t.licenses.back.done(count));
  }

  #manyDone(): void {
    this.close();
    this.#around.selection.clear();
    void this.#around.freshen();
  }
}
