// The built binary on a database of its own, with a clock that stands still until it is moved.

import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';

const run = promisify(execFile);
const binary = process.env.TENURE_TEST_BINARY ?? resolve(import.meta.dirname, '../../../../target/debug/tenure');

export type Engine = 'sqlite' | 'postgres';

let databases = 0;

/** What the tests need from their surroundings; `make browser` sets it. */
function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with \`make browser\``);
  return value;
}

export class Server {
  private constructor(
    readonly http: string,
    readonly coap: string,
    readonly folder: string,
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly lines: Lines,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly database: { cluster: string; name: string } | null,
  ) {}

  /** Starts the service at this instant. */
  static async start(engine: Engine, instant: string, settings: Record<string, string> = {}): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'tenure-e2e-'));
    let address = `sqlite:${join(folder, 'tenure.db')}`;
    let database = null;
    if (engine === 'postgres') {
      const cluster = needed('TENURE_TEST_POSTGRES');
      const name = `e2e_${process.pid}_${++databases}`;
      await run('psql', [cluster, '-qc', `CREATE DATABASE ${name}`]);
      address = `${cluster.slice(0, cluster.lastIndexOf('/'))}/${name}`;
      database = { cluster, name };
    }
    const environment = {
      PATH: process.env.PATH,
      TENURE_DATABASE_URL: address,
      TENURE_SECRET_FILE: join(folder, 'secret'),
      TENURE_HTTP_ADDRESS: '127.0.0.1:0',
      TENURE_COAP_ADDRESS: '127.0.0.1:0',
      TENURE_SIGN_UP: 'open',
      // The scenes send in a second what people send in an hour.
      TENURE_RATE_LIMIT: '0',
      RUST_LOG: 'warn',
      ...settings,
    };
    const child = spawn(binary, ['serve', '--trial-clock', instant], {
      cwd: folder,
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = new Lines(child.stdout);
    const line = await lines.find((line) => line.includes('listens on'));
    const [http, coap] = line.split(/\s+/).filter((word) => word.includes('://'));
    return new Server(http!, coap!, folder, child, lines, environment, database);
  }

  /** Moves the clock. */
  async moveTo(instant: string): Promise<void> {
    const said = this.lines.find((line) => line.includes('The clock stands at'));
    this.child.stdin.write(`${instant}\n`);
    await said;
  }

  /** Runs a command of the binary on the same database; returns what it prints. */
  async command(words: string[], input?: string): Promise<string> {
    const done = run(binary, words, { cwd: this.folder, env: this.environment });
    if (input !== undefined) done.child.stdin?.end(input);
    return (await done).stdout;
  }

  async json<T>(words: string[], input?: string): Promise<T> {
    return JSON.parse(await this.command([...words, '--json'], input)) as T;
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGKILL');
    await ended;
    if (this.database) {
      const { cluster, name } = this.database;
      await run('psql', [cluster, '-qc', `DROP DATABASE ${name} WITH (FORCE)`]);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The lines that a process prints, for who waits for one of them. */
export class Lines {
  private readonly unread: string[] = [];
  private readonly waiting = new Set<() => void>();
  private ended = false;

  constructor(stream: Readable) {
    const reader = createInterface({ input: stream });
    const wake = () => this.waiting.forEach((look) => look());
    reader.on('line', (line) => (this.unread.push(line), wake()));
    reader.on('close', () => ((this.ended = true), wake()));
  }

  find(wanted: (line: string) => boolean): Promise<string> {
    return new Promise((found, failed) => {
      const look = () => {
        for (let line = this.unread.shift(); line !== undefined; line = this.unread.shift()) {
          if (!wanted(line)) continue;
          this.waiting.delete(look);
          return found(line);
        }
        if (this.ended) failed(new Error('the server has ended'));
      };
      this.waiting.add(look);
      look();
    });
  }
}
