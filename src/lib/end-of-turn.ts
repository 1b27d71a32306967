/** The end of the present turn of the event loop. All who wait for it share one callback: one each would cost a tenth of the answers. */
export class EndOfTurn {
  private awaited: Promise<void> | null = null;

  wait(): Promise<void> {
    this.awaited ??= new Promise((resolve) => {
      setImmediate(() => {
        this.awaited = null;
        resolve();
      });
    });
    return this.awaited;
  }
}
