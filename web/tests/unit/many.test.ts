import { describe, expect, it } from 'vitest';
import { csv } from '$lib/csv';
import { events } from '$lib/events';
import { fault, newNames, type Pattern } from '$lib/renaming';

describe('new names', () => {
  const none: Pattern = { way: 'replace', find: '', replacement: '', before: '', after: '', numbered: '', start: 1 };
  const names = ['Hall (a)', 'Cold hall', '$&'];

  it('replaces what is found, whatever its case and its signs', () => {
    expect(newNames(names, { ...none, find: 'HALL', replacement: 'Room $&' })).toEqual(['Room $& (a)', 'Cold Room $&', '$&']);
    expect(newNames(names, { ...none, find: '(a)' })).toEqual(['Hall', 'Cold hall', '$&']);
    expect(newNames(names, none)).toEqual(names);
  });

  it('puts something before and after', () => {
    expect(newNames(['x'], { ...none, way: 'affix', before: 'A ', after: ' ' })).toEqual(['A x']);
  });

  it('numbers', () => {
    expect(newNames(['x', '#'], { ...none, way: 'number', numbered: '{name} ##/#', start: 9 })).toEqual(['x 09/9', '# 10/10']);
  });

  it('tells names that cannot be', () => {
    expect(fault(['x'])).toBeUndefined();
    expect(fault(['x', ''])).toBe('empty');
    expect(fault(['ä'.repeat(100)])).toBeUndefined();
    expect(fault(['x'.repeat(101)])).toBe('long');
  });
});

it('CSV is quoted, and formulas are none', () => {
  expect(csv([['a,b', '=1', -5, "'@x", 'say "no"']])).toBe('\ufeff"a,b",\'=1,-5,\'\'@x,"say ""no"""\r\n');
});

describe('events', () => {
  async function all(pieces: string[]): Promise<unknown[]> {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    });
    const found: unknown[] = [];
    for await (const event of events(stream)) found.push(event);
    return found;
  }

  it('are read however they are cut', async () => {
    const text = ':\n\nevent: progress\ndata: {"done":1}\n\nevent: report\ndata: {"a":"b"}\n\n';
    const expected = [
      { name: 'progress', data: { done: 1 } },
      { name: 'report', data: { a: 'b' } },
    ];
    expect(await all([text])).toEqual(expected);
    expect(await all([...text])).toEqual(expected);
    for (let cut = 1; cut < text.length; cut++) expect(await all([text.slice(0, cut), text.slice(cut)])).toEqual(expected);
  });
});
