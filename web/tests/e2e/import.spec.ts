// Many sensors at once: importing a file, exporting what is shown, renaming what is picked.

import { readFile } from 'node:fs/promises';

import { expect, expectAccessible, test } from './support/test';
import type { Download, Page } from '@playwright/test';

const dialog = (page: Page) => page.getByRole('dialog');
const lines = (page: Page) => dialog(page).getByRole('region', { name: 'What each line does' }).getByRole('row');

async function text(download: Download): Promise<string> {
  return readFile(await download.path(), 'utf8');
}

function file(name: string, text: string): { name: string; mimeType: string; buffer: Buffer } {
  return { name, mimeType: 'text/csv', buffer: Buffer.from(text) };
}

test('r22 a file is looked at line by line, corrected, and imported whole', async ({ world }) => {
  const email = await world.user('manager');
  await world.key(5, 'P1Y');
  await world.sensor('282c02424ee1', 'Hall 1');
  const page = await world.logIn(email, '/licenses');
  await page.getByRole('button', { name: 'Import or export' }).click();
  await page.getByRole('menuitem', { name: 'Import…' }).click();
  await expectAccessible(page);

  const wrong = 'serial;name;licenses\r\n282c02424ee1;Hall A;1\r\n282c02424ee2;Cellar;\r\nxyz;Roof;\r\n282c02424ee2;Attic;\r\n';
  await dialog(page).getByLabel('Choose a file').setInputFiles(file('wrong.csv', wrong));
  await expect(dialog(page).getByText('wrong.csv')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Check the file' }).click();
  await expect(dialog(page).getByText('3 lines have errors.')).toBeVisible();
  // Errors come first.
  await expect(lines(page).nth(1)).toContainText('3');
  await expect(lines(page).nth(1)).toContainText('This serial number is also in line 5.');
  await expect(lines(page).nth(2)).toContainText('A serial number has 12 hexadecimal digits');
  await expect(lines(page).nth(4)).toContainText('Hall A');
  await dialog(page).getByRole('button', { name: /^Errors/ }).click();
  await expect(lines(page)).toHaveCount(4);
  await expectAccessible(page);
  const saved = page.waitForEvent('download');
  await dialog(page).getByRole('button', { name: 'Download the report' }).click();
  expect(await text(await saved)).toContain('4,xyz,Roof,');

  const right = wrong.replace('xyz', '282c02424ee3').replace('282c02424ee2;Attic', '282c02424ee4;=1+1');
  await dialog(page).getByLabel('Choose a file').setInputFiles(file('right.csv', right));
  await dialog(page).getByRole('button', { name: 'Check the file' }).click();
  await expect(
    dialog(page).getByText('3 sensors are added, 1 sensor takes 1 more license, 1 is renamed. 4 of 4 licenses are taken.'),
  ).toBeVisible();
  await expect(lines(page).nth(1)).toContainText('takes 1 license, covered until 21 Nov 2028; is renamed');
  await expect(lines(page).nth(2)).toContainText('is added, 1 year, covered until 21 Nov 2027');
  await dialog(page).getByRole('button', { name: 'Import 4 lines' }).click();
  await expect(dialog(page).getByText('Imported.')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('grid')).toContainText('Cellar');
  await expect(page.getByRole('grid')).toContainText('Hall A');

  // What is shown is exported, and what was exported is read again: nothing changes.
  await page.getByRole('searchbox').fill('=1');
  await expect(page.getByRole('grid')).toHaveAttribute('aria-rowcount', '2');
  await page.getByRole('button', { name: 'Import or export' }).click();
  const exported = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'Export as CSV' }).click();
  const csv = await text(await exported);
  expect(csv.trim().split('\r\n')).toHaveLength(2);
  expect(csv).toContain(",282c02424ee4,'=1+1,covered,");
  await page.getByRole('button', { name: 'Import or export' }).click();
  const workbook = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'Export as Excel' }).click();
  expect((await workbook).suggestedFilename()).toBe('sensors-2026-11-21.xlsx');
  expect((await readFile(await (await workbook).path())).subarray(0, 2).toString()).toBe('PK');
  await page.goto('/sensors');
  await page.getByRole('button', { name: 'Import…' }).click();
  await dialog(page).getByLabel('Or paste the lines').fill(csv);
  await dialog(page).getByRole('button', { name: 'Check the file' }).click();
  await expect(dialog(page).getByText('1 stays as it is.')).toBeVisible();
  await expect(dialog(page).getByText('Columns that mean nothing here: id, standing,')).toBeVisible();
});

test('r22 too few licenses are told, and nothing that was pasted is lost @one-engine', async ({ world }) => {
  const email = await world.user('manager');
  await world.key(1, 'P1Y');
  const page = await world.logIn(email, '/sensors');
  await page.getByRole('button', { name: 'Import…' }).click();
  const pasted = dialog(page).getByLabel('Or paste the lines');
  await pasted.fill('282c02424ee1\n282c02424ee2');
  await dialog(page).getByRole('button', { name: 'Check the file' }).click();
  await expect(dialog(page).getByText('1 license is missing.')).toBeVisible();
  await pasted.fill('name\n282c02424ee1');
  await dialog(page).getByRole('button', { name: 'Check the file' }).click();
  await expect(dialog(page).getByRole('alert').filter({ hasText: 'no column of serial numbers' })).toBeVisible();
  await expect(pasted).toHaveValue('name\n282c02424ee1');
  // What has changed since it was looked at is told when it is to be done.
  await pasted.fill('282c02424ee1');
  await dialog(page).getByRole('button', { name: 'Check the file' }).click();
  await expect(dialog(page).getByRole('button', { name: 'Import 1 line' })).toBeVisible();
  await world.sensor('282c02424ee9', 'Quicker');
  await dialog(page).getByRole('button', { name: 'Import 1 line' }).click();
  await expect(dialog(page).getByRole('alert').filter({ hasText: 'Nothing was imported' })).toBeVisible();
  await expect(lines(page).nth(1)).toContainText('No license is left.');
  await expect(pasted).toHaveValue('282c02424ee1');
  // The way leads to an activation code, and back to the file.
  const code = await world.code(1, 'P1Y');
  await dialog(page).getByRole('button', { name: 'Add activation code' }).click();
  const adding = page.getByRole('dialog', { name: 'Add activation code' });
  await adding.getByRole('textbox', { name: 'Activation code' }).fill(code);
  await adding.getByRole('button', { name: 'Add licenses' }).click();
  await page.getByRole('dialog', { name: 'Added' }).getByRole('button', { name: 'Done' }).click();
  await dialog(page).getByRole('button', { name: 'Import 1 line' }).click();
  await expect(dialog(page).getByText('Imported.')).toBeVisible();
});

test('a file is dropped, and a large one tells how far it is @one-engine', async ({ world }) => {
  test.setTimeout(180_000);
  const email = await world.user('manager');
  await world.key(20_000, 'P1Y');
  const page = await world.logIn(email, '/licenses');
  await page.getByRole('button', { name: 'Import…' }).click();
  const content = Array.from({ length: 20_000 }, (_, place) => `2800${place.toString(16).padStart(8, '0')},Store ${place}`).join('\n');
  const transfer = await page.evaluateHandle((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], 'fleet.csv', { type: 'text/csv' }));
    return transfer;
  }, content);
  await dialog(page).getByRole('group', { name: 'Drop a CSV file here' }).dispatchEvent('drop', { dataTransfer: transfer });
  await expect(dialog(page).getByText('fleet.csv')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Check the file' }).click();
  await expect(dialog(page).getByRole('progressbar')).toBeVisible();
  await expect(dialog(page).getByText(/Going through the lines: [\d,]+ of 20,000 lines/)).toBeVisible();
  await expect(dialog(page).getByText('20,000 sensors are added. 20,000 of 20,000 licenses are taken.')).toBeVisible({ timeout: 60_000 });
  // Only a page of them is in the document.
  await expect(lines(page)).toHaveCount(101);
  await dialog(page).getByRole('button', { name: 'Show 100 more' }).click();
  await expect(lines(page)).toHaveCount(201);
  // Each number of a line stands in one line.
  const broken = dialog(page).locator('td:first-child').evaluateAll((cells) => {
    const inLines = (cell: Element): number => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return range.getClientRects().length;
    };
    return cells.filter((cell) => inLines(cell) !== 1).map((cell) => cell.textContent);
  });
  expect(await broken).toEqual([]);
  await dialog(page).getByRole('button', { name: 'Import 20,000 lines' }).click();
  await expect(dialog(page).getByText('Imported.')).toBeVisible({ timeout: 90_000 });
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('grid')).toHaveAttribute('aria-rowcount', '20001');
});

test('many sensors are renamed by a pattern, and it can be undone @one-engine', async ({ world }) => {
  const email = await world.user('manager');
  await world.key(3, 'P1Y');
  for (const place of [1, 2, 3]) await world.sensor(`282c02424ee${place}`, `Hall ${place}`);
  const page = await world.logIn(email, '/licenses?sort=name');
  const grid = page.getByRole('grid');
  for (const name of ['Hall 1', 'Hall 3']) await grid.getByRole('row', { name }).getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Rename', exact: true }).click();
  await expect(dialog(page).getByRole('button', { name: 'Rename 0 sensors' })).toBeDisabled();
  await dialog(page).getByLabel('Find', { exact: true }).fill('hall');
  await dialog(page).getByLabel('Replace by').fill('Room');
  await expect(dialog(page).getByRole('cell', { name: 'Room 3' })).toBeVisible();
  await expectAccessible(page);
  await dialog(page).getByRole('button', { name: 'Number' }).click();
  await dialog(page).getByLabel('Pattern').fill('Store ##');
  await dialog(page).getByLabel('First number').fill('9');
  await dialog(page).getByRole('button', { name: 'Rename 2 sensors' }).click();
  await expect(page.getByText('2 sensors have a new name.')).toBeVisible();
  await expect(grid).toContainText('Store 09');
  await expect(grid).toContainText('Store 10');
  await expect(grid).toContainText('Hall 2');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(grid).toContainText('Hall 1');
  await expect(grid).not.toContainText('Store 09');
});

test('who may not manage sensors is not offered to import @one-engine', async ({ world }) => {
  const email = await world.user('analyst');
  const page = await world.logIn(email, '/sensors');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Import…' })).toHaveCount(0);
});
