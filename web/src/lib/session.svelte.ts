/** Who is logged in, and in which organization they look around. */
import { currentSession, logOut as endSession, type Membership, type Role, type Session } from '$api/session';
import { whenSessionIsLost } from './api';
import { speak } from './i18n.svelte';
import { current, isLanguage } from './language.svelte';
import { Problem } from './problem';
import { router } from './router.svelte';

/** What a role may do (R34), by the server's names. The server checks again; this only hides what would be refused. */
const PERMISSIONS = {
  change_organization: ['administrator'],
  read_history: ['administrator', 'manager', 'analyst'],
  read_licenses: ['administrator', 'manager'],
  manage_licenses: ['administrator', 'manager'],
  manage_sensors: ['administrator', 'manager'],
  read_rules: ['administrator', 'manager', 'analyst'],
  manage_rules: ['administrator', 'manager'],
  manage_notifications: ['administrator', 'manager'],
  manage_webhooks: ['administrator'],
  read_users: ['administrator', 'manager'],
  manage_users: ['administrator'],
  manage_tokens: ['administrator'],
  read_audit: ['administrator', 'manager'],
} satisfies Record<string, Role[]>;
export type Permission = keyof typeof PERMISSIONS;

class SessionStore {
  /** Undefined until the server was asked; null when nobody is logged in. */
  session = $state.raw<Session | null>();
  /** Somebody was logged in and is not any more: the log-in is asked for over the screen, which stays. */
  lost = $state(false);
  #chosen = $state(localStorage.getItem('tenure.organization'));

  user = $derived(this.session?.user);
  organizations = $derived(this.session?.organizations ?? []);
  /** The organization that is looked at, for screens of members; undefined for an operator. */
  membership: Membership | undefined = $derived(
    this.organizations.find(({ id }) => id === this.#chosen) ?? this.organizations[0],
  );

  /** The organization that is looked at. Only for screens with `access: 'member'`. */
  get organization(): Membership {
    if (!this.membership) throw new Error('a screen of members without an organization');
    return this.membership;
  }

  may(permission: Permission): boolean {
    const role = this.membership?.role;
    return role !== undefined && (PERMISSIONS[permission] as readonly Role[]).includes(role);
  }

  choose(organization: string): void {
    localStorage.setItem('tenure.organization', organization);
    this.#chosen = organization;
  }

  /** Asks the server who we are. */
  async load(): Promise<void> {
    try {
      await this.begin(await currentSession());
    } catch (thrown) {
      const problem = Problem.from(thrown);
      if (problem.status !== 401) throw problem;
      this.session = null;
    }
  }

  /** Somebody has logged in. */
  async begin(session: Session): Promise<void> {
    const { language } = session.user;
    if (isLanguage(language) && language !== current.language) await speak(language);
    this.session = session;
    this.lost = false;
  }

  async logOut(): Promise<void> {
    try {
      await endSession();
    } finally {
      this.session = null;
      this.lost = false;
      router.go('/log-in');
    }
  }
}

export const session = new SessionStore();

whenSessionIsLost(() => {
  if (session.session) session.lost = true;
});
