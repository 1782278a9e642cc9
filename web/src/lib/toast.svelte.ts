/** Short notes on what was done, with a way back where there is one. */
export interface Note {
  id: number;
  text: string;
  /** Takes it back. */
  undo?: (() => void | Promise<void>) | undefined;
  tone: 'plain' | 'bad';
}

class Notes {
  list = $state<Note[]>([]);
  #next = 0;

  /** A note with an undo stays longer: 12 s instead of 6; hovering or focus keeps it. */
  show(text: string, { undo, tone = 'plain' }: { undo?: Note['undo']; tone?: Note['tone'] } = {}): void {
    const id = this.#next++;
    this.list = [...this.list.slice(-2), { id, text, undo, tone }];
  }

  drop(id: number): void {
    this.list = this.list.filter((note) => note.id !== id);
  }
}

export const toast = new Notes();

class Spoken {
  text = $state('');
}
export const spoken = new Spoken();

/** Says a result to screen readers, politely. */
export function announce(text: string): void {
  spoken.text = '';
  setTimeout(() => (spoken.text = text), 60);
}
