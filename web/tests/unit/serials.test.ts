import { describe, expect, it } from 'vitest';
import { plainSerial, readList, serialFault } from '../../src/lib/serials';

const seen = (text: string) => readList(text).map(({ serial, name, fault }) => [serial, name, fault]);

describe('a list of sensors', () => {
  it('takes commas, semicolons, tabs and spaces between serial number and name', () => {
    expect(seen('282c02424eed, Cold 1\n282c02424eee;Cold 2\n282c02424eef\tCold 3\n282c02424ef0 Cold store 4\n282c02424ef1')).toEqual([
      ['282c02424eed', 'Cold 1', undefined],
      ['282c02424eee', 'Cold 2', undefined],
      ['282c02424eef', 'Cold 3', undefined],
      ['282c02424ef0', 'Cold store 4', undefined],
      ['282c02424ef1', undefined, undefined],
    ]);
  });
  it('reads serial numbers as labels write them', () => {
    expect(plainSerial('28:2C:02:42:4E:ED')).toBe('282c02424eed');
    expect(plainSerial('282c_0242–4eed')).toBe('282c02424eed');
    expect(plainSerial(' 282c-0242-4eed ')).toBe('282c02424eed');
    expect(seen('28:2C:02:42:4E:ED;"Cold ""A"""')).toEqual([['282c02424eed', 'Cold "A"', undefined]]);
  });
  it('passes over a heading and empty lines, and counts lines as the text does', () => {
    const lines = readList('serial;name\r\n\r\n282c02424eed;Cold\r\n');
    expect(lines).toEqual([{ at: 3, serial: '282c02424eed', name: 'Cold', fault: undefined }]);
    expect(readList('  \n')).toEqual([]);
    // A serial number without a digit is no heading.
    expect(seen('abcdefabcdef, Gate')).toEqual([['abcdefabcdef', 'Gate', undefined]]);
  });
  it('tells what is no serial number and what is there twice', () => {
    expect(seen('nonsense\n282c02424eed\n282C02424EED, again')).toEqual([
      ['nonsense', undefined, 'malformed'],
      ['282c02424eed', undefined, undefined],
      ['282c02424eed', 'again', 'twice'],
    ]);
  });
});

describe('a serial number', () => {
  it('is whole, too short, too long or strange', () => {
    expect(serialFault('282c02424eed')).toBeUndefined();
    expect(serialFault('282c02424e')).toEqual({ missing: 2 });
    expect(serialFault('282c02424eed0')).toEqual({ surplus: 1 });
    expect(serialFault('282g02')).toEqual({ strange: 'G' });
  });
});
