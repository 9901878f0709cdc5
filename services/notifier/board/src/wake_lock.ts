// Keeps a kitchen's tablet awake while the board is looked at, where the browser can.

export function stayAwake(): void {
  const ask = (): void => {
    if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => undefined); // low battery
  };
  document.addEventListener("visibilitychange", ask); // the lock ends whenever the page is hidden
  ask();
}
