// How many phones a second does the server bear? Phones arrive ever faster, whatever became of the others,
// and the test ends where it does not hold any more. It needs about OVER * RATE / 2 phones.
import fip from 'k6/x/fip';
import { check } from 'k6';

const rate = Number(__ENV.RATE || 200); // phones a second, in the end
const over = Number(__ENV.OVER || 60); // seconds

export const options = {
  scenarios: {
    ramp: {
      executor: 'ramping-arrival-rate',
      startRate: 1,
      stages: [{ target: rate, duration: `${over}s` }],
      preAllocatedVUs: Number(__ENV.VUS || 2 * rate),
    },
  },
  thresholds: {
    fip_pass_failed: [{ threshold: 'rate<0.01', abortOnFail: true, delayAbortEval: '5s' }],
    fip_pass_duration: [{ threshold: `p(99)<${__ENV.P99 || 2000}`, abortOnFail: true, delayAbortEval: '5s' }],
    dropped_iterations: ['count==0'], // else phones waited for others of ours: raise VUS
    fip_invalid: ['count==0'],
  },
};

export default function () {
  const phone = fip.phone({ mac: fip.mac(__ENV.FIRST), server: __ENV.SERVER, local: __ENV.LOCAL });
  check(phone.provision(), { provisioned: (pass) => pass.ok });
}
