/** Refreshes quietly: every so many seconds while the page is looked at, and when one comes back to it. Call it while a component is made. */
export function every(seconds: number, refresh: () => unknown): void {
  $effect(() => {
    let last = performance.now();
    const look = (): void => {
      if (document.hidden || performance.now() - last < seconds * 950) return;
      last = performance.now();
      refresh();
    };
    const timer = setInterval(look, seconds * 1000);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  });
}
