// A new setting goes out: the server tells its phones to provision now, by check-sync, RATE a second. First CANARIES
// of them; only if these hold the new setting, KEY=VALUE, do the others follow.
import fip from 'k6/x/fip';
import exec from 'k6/execution';
import { check } from 'k6';

const phones = Number(__ENV.PHONES || 1000);
const canaries = Number(__ENV.CANARIES || 10);
const rate = Number(__ENV.RATE || 50); // phones a second
const wait = Number(__ENV.WAIT || 10); // seconds that the canaries have

export const options = {
  scenarios: {
    canaries: { executor: 'shared-iterations', iterations: canaries, vus: canaries, maxDuration: `${wait}s` },
    others: {
      executor: 'constant-arrival-rate',
      startTime: `${wait}s`,
      rate,
      duration: `${Math.ceil((phones - canaries) / rate) + 3}s`, // with some time to spare
      preAllocatedVUs: Number(__ENV.VUS || 2 * rate),
    },
  },
  thresholds: {
    'checks{scenario:canaries}': [{ threshold: 'rate==1', abortOnFail: true }],
    checks: ['rate>0.999'],
    fip_pass_duration: [`p(99)<${__ENV.P99 || 5000}`],
    dropped_iterations: ['count==0'],
    fip_invalid: ['count==0'],
  },
};

export default function () {
  // The two scenarios count their iterations each for itself: the others come after the canaries.
  const before = exec.scenario.name === 'canaries' ? 0 : canaries;
  const place = before + exec.scenario.iterationInTest;
  if (place >= phones) {
    return; // all have been told
  }
  const phone = fip.phone({ mac: fip.mac(__ENV.FIRST, place), server: __ENV.SERVER, local: __ENV.LOCAL });
  const pass = phone.provision({ trigger: 'check-sync' });
  check(pass, { 'the new setting came': (p) => p.ok && p.settings[__ENV.KEY] === __ENV.VALUE });
}
