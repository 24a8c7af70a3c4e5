// Power is back: every phone boots and provisions, once. `shared-iterations` makes exactly PHONES of them,
// VUS at a time; durations count from a phone's first packet.
import fip from 'k6/x/fip';
import { check } from 'k6';

const phones = Number(__ENV.PHONES || 1000);
const vus = Math.min(phones, Number(__ENV.VUS || 100));
const expected = __ENV.EXPECT ? open(__ENV.EXPECT) : undefined; // what each phone must hold, as a cfg file

export const options = {
  scenarios: {
    storm: { executor: 'shared-iterations', iterations: phones, vus, maxDuration: '1h' },
  },
  thresholds: {
    fip_pass_failed: ['rate<0.001'],
    fip_pass_duration: [`p(99)<${__ENV.P99 || 5000}`],
    fip_wrong: ['count==0'], // no phone holds another's settings
    fip_invalid: ['count==0'], // this machine kept up
  },
};

export default function () {
  const phone = fip.phone({ mac: fip.mac(__ENV.FIRST), server: __ENV.SERVER, expect: expected, local: __ENV.LOCAL });
  check(phone.provision(), { provisioned: (pass) => pass.ok });
}
