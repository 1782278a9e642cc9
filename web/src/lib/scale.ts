/** How much larger than 16 px letters are here: they grow on very large screens. For what is drawn or measured in pixels. */
export function scale(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}
