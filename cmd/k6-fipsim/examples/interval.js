// Everyday life: each phone boots at a moment of its own, and then asks again every EVERY seconds. A phone is a
// VU here, and keeps what it holds; a server at rest gives it nothing new.
import fip from 'k6/x/fip';
import exec from 'k6/execution';
import { check, sleep } from 'k6';

const phones = Number(__ENV.PHONES || 100);
const every = Number(__ENV.EVERY || 3600); // seconds; the guide's default
const over = Number(__ENV.OVER || 2 * every);

export const options = {
  scenarios: {
    interval: { executor: 'constant-vus', vus: phones, duration: `${over}s`, gracefulStop: '10s' },
  },
  thresholds: {
    'checks{check:served}': ['rate>0.999'],
    'checks{check:nothing new}': ['rate>0.999'],
    fip_pass_duration: [`p(99)<${__ENV.P99 || 2000}`],
    fip_invalid: ['count==0'],
  },
};

let phone; // this VU's

export default function () {
  const powerOn = !phone;
  if (powerOn) {
    sleep(Math.random() * every); // phones were not plugged in all at once
    phone = fip.phone({ mac: fip.mac(__ENV.FIRST, exec.vu.idInTest - 1), server: __ENV.SERVER, local: __ENV.LOCAL });
  } else {
    sleep(every);
  }
  const pass = phone.provision({ trigger: powerOn ? 'power-on' : 'interval' });
  check(pass, { served: (p) => p.ok });
  if (!powerOn) {
    check(pass, { 'nothing new': (p) => p.outcome === 'unchanged' });
  }
}
