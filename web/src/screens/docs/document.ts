/** The OpenAPI document, read as a page shows it. */
import { Problem } from '$lib/problem';

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  example?: unknown;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
}

interface Content {
  schema?: Schema;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required?: boolean;
  description?: string;
  schema?: Schema;
}

interface Header {
  description?: string;
}

interface Response {
  description?: string;
  content?: Record<string, Content>;
  headers?: Record<string, Header>;
}

interface RawOperation {
  operationId?: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; description?: string; content?: Record<string, Content> };
  responses: Record<string, Response>;
  security?: Record<string, string[]>[];
}

export interface Document {
  info: { title: string; version: string; description?: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, Partial<Record<string, RawOperation>>>;
  components: { schemas: Record<string, Schema> };
}

/** A body: its media type and its schema. */
interface Media {
  type: string;
  schema: Schema | undefined;
}

export interface Answer {
  status: string;
  description: string;
  media: Media[];
  headers: string[];
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  body: (Media & { required: boolean })[];
  answers: Answer[];
  /** Whether it is also for those who are nobody. */
  open: boolean;
}

export interface Group {
  name: string;
  description: string;
  operations: Operation[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

const media = (content: Record<string, Content> = {}): Media[] =>
  Object.entries(content).map(([type, { schema }]) => ({ type, schema }));

function operation(path: string, method: string, raw: RawOperation): Operation {
  return {
    id: raw.operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    summary: raw.summary ?? '',
    description: raw.description ?? '',
    parameters: raw.parameters ?? [],
    body: media(raw.requestBody?.content).map((one) => ({ ...one, required: raw.requestBody?.required ?? false })),
    answers: Object.entries(raw.responses).map(([status, response]) => ({
      status,
      description: response.description ?? '',
      media: media(response.content),
      // What every answer has is told once, above.
      headers: Object.keys(response.headers ?? {}).filter((name) => name !== 'x-request-id'),
    })),
    open: raw.security?.some((way) => Object.keys(way).length === 0) ?? false,
  };
}

/** All operations, in the order of the document's tags; within one by path. */
export function groups(document: Document): Group[] {
  const found = new Map<string, Group>(
    (document.tags ?? []).map(({ name, description = '' }) => [name, { name, description, operations: [] }]),
  );
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const raw = item[method];
      if (!raw) continue;
      const tag = raw.tags?.[0] ?? '';
      const group = found.get(tag) ?? { name: tag, description: '', operations: [] };
      found.set(tag, group);
      group.operations.push(operation(path, method, raw));
    }
  }
  return [...found.values()].filter(({ operations }) => operations.length);
}

/** The operations that all these words are in. */
export function matching(all: Group[], text: string): Group[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return all;
  const fits = ({ method, path, summary, description, id }: Operation) => {
    const about = `${method} ${path} ${summary} ${description} ${id}`.toLowerCase();
    return words.every((word) => about.includes(word));
  };
  return all
    .map((group) => ({ ...group, operations: group.operations.filter(fits) }))
    .filter(({ operations }) => operations.length);
}

export const nameOf = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);

/** The schema itself, where it is only referred to. */
export function resolved(document: Document, schema: Schema): Schema {
  const known = schema.$ref ? document.components.schemas[nameOf(schema.$ref)] : undefined;
  return known ? { ...known, ...(schema.description ? { description: schema.description } : {}) } : schema;
}

const isNull = (schema: Schema): boolean => schema.type === 'null';

/** The parts of which a value has to be one; null is told in words. */
export const variants = (schema: Schema): Schema[] => (schema.oneOf ?? schema.anyOf ?? []).filter((one) => !isNull(one));

/** The fields of an object, also of one that is made of several. */
export function fields(document: Document, schema: Schema): [string, Schema, boolean][] {
  const own = Object.entries(schema.properties ?? {}).map(([name, field]): [string, Schema, boolean] => [
    name,
    field,
    schema.required?.includes(name) ?? false,
  ]);
  return [...(schema.allOf ?? []).flatMap((part) => fields(document, resolved(document, part))), ...own];
}

/** What a value is, in a few words: `Sensor[]`, `string (date-time) | null`. */
export function typeOf(schema: Schema | undefined): string {
  if (!schema) return 'any';
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.items || schema.type === 'array') return `${typeOf(schema.items)}[]`;
  const parts = schema.oneOf ?? schema.anyOf;
  if (parts) return parts.map(typeOf).join(' | ');
  if (schema.allOf) return schema.allOf.map(typeOf).join(' & ');
  const types = schema.type === undefined ? ['any'] : [schema.type].flat();
  if (types.includes('array')) return [`${typeOf(schema.items)}[]`, ...types.filter((type) => type !== 'array')].join(' | ');
  const format = schema.format && !schema.format.startsWith('int') && schema.format !== 'double' ? ` (${schema.format})` : '';
  return types.map((type) => (type === 'null' ? type : type + format)).join(' | ');
}

/** The limits of a value: `1 … 200`, `≤ 100`, `/^sen_…$/`. */
export function limitsOf(schema: Schema): string[] {
  const limits: string[] = [];
  const span = (least: number | undefined, most: number | undefined, what: string) => {
    if (least !== undefined && most !== undefined) limits.push(`${least} … ${most}${what}`);
    else if (most !== undefined) limits.push(`≤ ${most}${what}`);
    else if (least !== undefined) limits.push(`≥ ${least}${what}`);
  };
  span(schema.minimum, schema.maximum, '');
  span(schema.minLength, schema.maxLength, ' ×');
  span(schema.minItems, schema.maxItems, ' []');
  if (schema.pattern) limits.push(`/${schema.pattern}/`);
  if (schema.enum) limits.push(schema.enum.map(String).join(' · '));
  return limits;
}

export async function load(signal: AbortSignal): Promise<Document> {
  const response = await fetch('/openapi.json', { signal });
  if (!response.ok) throw await Problem.of(response);
  return (await response.json()) as Document;
}
