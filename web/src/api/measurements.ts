import { api, body, fileAddress, type Schemas } from '$lib/api';

export type Channel = Schemas['Channel'];
export type Point = Schemas['Point'];

interface Asked {
  from: string;
  to?: string | undefined;
  points?: number;
}

/** A sensor's channels; also of one that was removed, whose history stays. */
export const measurements = async (
  organization_id: string,
  sensor_id: string,
  asked: Asked,
  { removed = false, signal }: { removed?: boolean; signal?: AbortSignal } = {},
): Promise<Channel[]> => {
  const options = { params: { path: { organization_id, sensor_id }, query: asked }, signal };
  const { channels } = await body(
    removed
      ? api.GET('/api/v1/organizations/{organization_id}/removed-sensors/{sensor_id}/measurements', options)
      : api.GET('/api/v1/organizations/{organization_id}/sensors/{sensor_id}/measurements', options),
  );
  return channels;
};

/** Where the browser gets the same as a file. */
export const measurementsFile = (organization_id: string, sensor_id: string, { from, to }: Asked): string =>
  fileAddress('/api/v1/organizations/{organization_id}/sensors/{sensor_id}/measurements.csv', {
    path: { organization_id, sensor_id },
    query: { from, to },
  });
