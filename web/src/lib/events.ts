/** The events of a stream that a server sends (`text/event-stream`), their data read as JSON. */
export async function* events(stream: ReadableStream<Uint8Array>): AsyncGenerator<{ name: string; data: unknown }> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  // A large event comes in many pieces: they are put together once, when its end is there.
  let pieces: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      let text = decoder.decode(value, { stream: true });
      // The two line ends behind an event may come in two pieces.
      if (text.startsWith('\n') && pieces.at(-1)?.endsWith('\n')) text = (pieces.pop() ?? '') + text;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        pieces.push(text.slice(0, end));
        const event = read(pieces.join(''));
        if (event) yield event;
        pieces = [];
        text = text.slice(end + 2);
      }
      if (text) pieces.push(text);
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

function read(text: string): { name: string; data: unknown } | undefined {
  let name = 'message';
  const data: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('event:')) name = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5));
  }
  return data.length ? { name, data: JSON.parse(data.join('\n')) as unknown } : undefined;
}
