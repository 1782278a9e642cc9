/** What goes along between log-in, sign-up and “forgot password”: the e-mail address. */
import { service, type Service } from '$api/session';

class Kept {
  email = $state('');
  #service: Promise<Service> | undefined;

  /** What the service says of itself, asked once. */
  service(): Promise<Service> {
    return (this.#service ??= service().catch((thrown: unknown) => {
      this.#service = undefined;
      throw thrown;
    }));
  }
}

export const kept = new Kept();

/** What stands after the `#` of a link from a mail. It never reaches the server's log. */
export function linkToken(): string {
  return location.hash.slice(1).trim();
}
