import type { Messages } from '../en';
import { accounts } from './accounts';
import { alerts } from './alerts';
import { audit } from './audit';
import { calendar } from './calendar';
import { commonDate } from './commonDate';
import { docs } from './docs';
import { forecast } from './forecast';
import { invalid } from './invalid';
import { ledger } from './ledger';
import { licenses } from './licenses';
import { many } from './many';
import { notices } from './notices';
import { operator } from './operator';
import { refusals } from './refusals';
import { sensors } from './sensors';
import { settings } from './settings';
import { shell } from './shell';
import { webhooks } from './webhooks';
import { welcome } from './welcome';

const messages: Messages = { shell, licenses, ledger, sensors, alerts, accounts, settings, many, notices, webhooks, calendar, audit, operator, refusals, invalid, welcome, forecast, commonDate, docs };
export default messages;

