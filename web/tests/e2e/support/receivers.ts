// What the service talks to: a mail server, and the receiver of a webhook. Each does what the test says.

import { createServer as createHttp, type IncomingHttpHeaders } from 'node:http';
import { createServer, type AddressInfo, type Server as NetServer } from 'node:net';

const listening = (server: NetServer): Promise<number> =>
  new Promise((done) => server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)));

/** A mail server without encryption that takes every mail, or refuses every recipient with the answer it is given. */
export class MailServer {
  /** What is said to a recipient; `250 ok` takes it. */
  answer = '250 2.1.5 ok';
  readonly taken: string[] = [];
  port = 0;
  private constructor(private readonly server: NetServer) {}

  static async start(): Promise<MailServer> {
    const server = createServer();
    const made = new MailServer(server);
    server.on('connection', (socket) => {
      let rest = '';
      let body: string[] | undefined;
      const say = (line: string) => socket.write(`${line}\r\n`);
      socket.setEncoding('utf8');
      socket.on('error', () => socket.destroy());
      socket.on('data', (text: string) => {
        rest += text;
        for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
          const line = rest.slice(0, end);
          rest = rest.slice(end + 2);
          if (body) {
            if (line !== '.') body.push(line);
            else {
              made.taken.push(body.join('\n'));
              body = undefined;
              say('250 2.0.0 queued as 4F1B22A0');
            }
            continue;
          }
          const verb = line.slice(0, 4).toUpperCase();
          if (verb === 'EHLO') say('250 mail.northwind.example');
          else if (verb === 'RCPT') say(made.answer);
          else if (verb === 'DATA') {
            body = [];
            say('354 go on');
          } else if (verb === 'QUIT') socket.end('221 bye\r\n');
          else say('250 2.0.0 ok');
        }
      });
      say('220 mail.northwind.example ESMTP');
    });
    made.port = await listening(server);
    return made;
  }

  /** Takes no more connections; those that are kept for the next mail end with the service. */
  close(): void {
    this.server.close();
  }
}

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** The receiver of a webhook, which answers with this status. */
export class Receiver {
  status = 204;
  readonly received: Received[] = [];
  url = '';
  private readonly server = createHttp((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      this.received.push({ headers: request.headers, body });
      response.writeHead(this.status, { Connection: 'close' }).end();
    });
  });

  static async start(): Promise<Receiver> {
    const made = new Receiver();
    made.url = `http://127.0.0.1:${await listening(made.server)}/in`;
    return made;
  }

  close(): Promise<void> {
    return new Promise((done) => {
      this.server.closeAllConnections();
      this.server.close(() => done());
    });
  }
}
