/** Many sensors at once: importing and renaming. */
import { api, body, events, type Schemas } from '$lib/api';
import { Problem } from '$lib/problem';

export type ImportReport = Schemas['ImportReport'];
export type ImportLine = Schemas['ImportLine'];
export type ImportProgress = Schemas['ImportProgress'];

/**
 * Imports a file, or looks at what that would do. What lines with errors keep from being imported is a `Problem` whose body has the
 * `report`.
 */
export async function importSensors(
  organization_id: string,
  file: Blob,
  dry_run: boolean,
  onprogress: (progress: ImportProgress) => void,
  signal?: AbortSignal,
): Promise<ImportReport> {
  const stream = await body(
    api.POST('/api/v1/organizations/{organization_id}/sensors/import', {
      params: { path: { organization_id }, query: { dry_run } },
      // The bytes as they are: their encoding is for the server to look at.
      body: file as unknown as string,
      bodySerializer: (file) => file as unknown as Blob,
      headers: { 'Content-Type': 'text/csv', Accept: 'text/event-stream' },
      parseAs: 'stream',
      signal,
    }),
  );
  for await (const { name, data } of events(stream as ReadableStream<Uint8Array>)) {
    if (name === 'progress') onprogress(data as ImportProgress);
    else if (name === 'report') return data as ImportReport;
    else if (name === 'problem') {
      const problem = data as Record<string, unknown>;
      throw new Problem(String(problem.code ?? 'unknown'), Number(problem.status ?? 0), String(problem.detail ?? ''), problem);
    }
  }
  throw new Problem('import_interrupted', 0, '');
}

export const renameSensors = async (organization_id: string, items: Schemas['SensorName'][]): Promise<number> =>
  (await body(api.POST('/api/v1/organizations/{organization_id}/sensors/names', { params: { path: { organization_id } }, body: { items } }))).renamed;
